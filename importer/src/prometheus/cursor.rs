//! Walks over the series of a block, in order of their labels, and reads their samples.

use narthex_formats::tsdb::{self, ChunkMeta, Encoding, LENGTH_BYTES_MAX, SeriesEntry};
use narthex_model::{Error, Label, LabelsRef, Result, TimeRange, push_canonical};

use super::block::Block;
use super::samples::Samples;
use crate::piece_file::PieceFile;

/// A place among the series of a block.
pub(super) struct Cursor<'a> {
    block: &'a Block,
    index: PieceFile,
    /// Where the entry after this one may begin.
    next: u64,
    /// Where this entry begins.
    at: u64,
    entry: SeriesEntry,
    /// Labels of this entry, packed.
    labels: Vec<u8>,
    scratch: Vec<Label<'a>>,
    /// By number, those that were used.
    chunk_files: Vec<Option<PieceFile>>,
}

impl<'a> Cursor<'a> {
    /// The place before the first series of `block`.
    pub(super) fn new(block: &'a Block) -> Result<Self> {
        Ok(Self {
            block,
            index: block.index()?,
            next: block.toc.series.start,
            at: 0,
            entry: SeriesEntry::default(),
            labels: Vec::new(),
            scratch: Vec::new(),
            chunk_files: Vec::new(),
        })
    }

    /// Goes to the next series; `false` if there is none.
    ///
    /// # Errors
    /// `Corrupt` if its entry is damaged.
    pub(super) fn advance(&mut self) -> Result<bool> {
        let alignment = self.block.toc.series_alignment();
        self.at = self.next.next_multiple_of(alignment);
        let left = self.block.toc.series.end.saturating_sub(self.at);
        let wanted = LENGTH_BYTES_MAX.min(usize::try_from(left).unwrap_or(usize::MAX));
        let head = self.index.bytes(self.at, wanted)?;
        // What follows the last series is aligned, too.
        if head.iter().all(|byte| *byte == 0) {
            return Ok(false);
        }
        let length = SeriesEntry::bytes(head).map_err(self.index.in_file(self.at))?;
        let bytes = self.index.bytes(self.at, length)?;
        let decoded = self.entry.decode(bytes);
        decoded.map_err(self.index.in_file(self.at))?;
        self.next = self.at + length as u64;
        self.pack_labels().map_err(self.index.in_file(self.at))?;
        Ok(true)
    }

    fn pack_labels(&mut self) -> Result<()> {
        self.entry.labels(&self.block.symbols, &mut self.scratch)?;
        self.labels.clear();
        push_canonical(&mut self.scratch, &mut self.labels)
            .map_err(|e| Error::corrupt("the labels form no set").with_source(e))
    }

    /// Labels of this series.
    pub(super) fn labels(&self) -> LabelsRef<'_> {
        LabelsRef::from_canonical(&self.labels)
    }

    /// Appends the samples of this series in `range` that were not deleted.
    ///
    /// # Errors
    /// `Corrupt` if a chunk is damaged, `Invalid` if its encoding is not known.
    pub(super) fn read(&mut self, range: TimeRange, out: &mut Samples) -> Result<()> {
        for at in 0..self.entry.chunks.len() {
            let Some(chunk) = self.entry.chunks.get(at).copied() else {
                break;
            };
            if TimeRange::inclusive(chunk.min_time, chunk.max_time).overlaps(&range) {
                self.read_chunk(chunk, range, out)?;
            }
        }
        Ok(())
    }

    fn read_chunk(&mut self, meta: ChunkMeta, range: TimeRange, out: &mut Samples) -> Result<()> {
        let deleted = self.block.deleted(self.at);
        let file = chunk_file(self.block, &mut self.chunk_files, meta.file())?;
        let head = file.bytes(meta.offset(), LENGTH_BYTES_MAX)?;
        let length = tsdb::chunk_bytes(head).map_err(file.in_file(meta.offset()))?;
        let bytes = file.bytes(meta.offset(), length)?;
        let read = tsdb::chunk_at(bytes).and_then(|chunk| match chunk.encoding {
            Encoding::Xor => out.push_floats(chunk.data, range, deleted),
            Encoding::Histogram | Encoding::FloatHistogram => {
                out.push_histograms(chunk, range, deleted)
            }
        });
        read.map_err(file.in_file(meta.offset()))
    }
}

fn chunk_file<'f>(
    block: &Block,
    files: &'f mut Vec<Option<PieceFile>>,
    number: u32,
) -> Result<&'f mut PieceFile> {
    let at = number as usize;
    // The number comes from disk: it must not decide how much memory is taken.
    if at >= FILES_MAX {
        return Err(Error::corrupt(format!(
            "a chunk lies in file {number} of the block"
        )));
    }
    if files.len() <= at {
        files.resize_with(at + 1, || None);
    }
    match files.get_mut(at) {
        Some(Some(file)) => Ok(file),
        Some(slot) => Ok(slot.insert(block.chunk_file(number)?)),
        None => Err(Error::internal("the list of files has no room")),
    }
}

/// Files of chunks have up to 512 MiB, so no block has so many.
const FILES_MAX: usize = 1 << 16;
