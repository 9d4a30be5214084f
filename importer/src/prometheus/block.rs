//! A block of Prometheus, opened: its symbols and tombstones in memory, its series and chunks on disk.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use narthex_formats::tsdb::{self, BlockMeta, Symbols, Toc};
use narthex_model::{Result, TimeRange};

use crate::piece_file::{PieceFile, read_whole};

/// An open block.
pub(super) struct Block {
    folder: PathBuf,
    pub(super) toc: Toc,
    pub(super) symbols: Symbols,
    /// By series, what was deleted of it.
    tombstones: HashMap<u64, Vec<TimeRange>>,
}

impl Block {
    /// Opens the block in `folder`.
    ///
    /// # Errors
    /// `Corrupt` if a part is damaged, `NotFound` or `Unavailable` if a file cannot be read.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let mut index = PieceFile::open(&folder.join("index"))?;
        let toc = read_toc(&mut index)?;
        let Range { start, end } = toc.symbols;
        let section = index.bytes(start, (end - start) as usize)?;
        let symbols = Symbols::decode(section, toc.version, start);
        let symbols = symbols.map_err(index.in_file(start))?;
        Ok(Self {
            folder: folder.to_owned(),
            toc,
            symbols,
            tombstones: read_tombstones(folder)?,
        })
    }

    /// A file of chunks, by its number from 0.
    pub(super) fn chunk_file(&self, number: u32) -> Result<PieceFile> {
        let name = format!("{:06}", u64::from(number) + 1);
        let mut file = PieceFile::open(&self.folder.join("chunks").join(name))?;
        let header = file.bytes(0, tsdb::CHUNK_FILE_HEADER_BYTES)?;
        tsdb::check_chunk_file(header).map_err(file.in_file(0))?;
        Ok(file)
    }

    /// The index, to read series from.
    pub(super) fn index(&self) -> Result<PieceFile> {
        PieceFile::open(&self.folder.join("index"))
    }

    /// What was deleted of the series whose entry begins at `offset` of the index.
    pub(super) fn deleted(&self, offset: u64) -> &[TimeRange] {
        let series = offset / self.toc.series_alignment();
        self.tombstones.get(&series).map_or(&[], Vec::as_slice)
    }
}

/// Reads what the block in `folder` says of itself.
pub(super) fn read_meta(folder: &Path) -> Result<BlockMeta> {
    let path = folder.join("meta.json");
    BlockMeta::decode(&read_whole(&path)?).map_err(|e| e.context(path.display()))
}

fn read_toc(index: &mut PieceFile) -> Result<Toc> {
    let length = index.len();
    let table_start = length.saturating_sub(Toc::BYTES as u64);
    let header = index.bytes(0, Toc::HEADER_BYTES)?.to_vec();
    let table = index.bytes(table_start, Toc::BYTES)?;
    Toc::decode(&header, table, length).map_err(index.in_file(table_start))
}

/// A block without the file has no tombstones.
fn read_tombstones(folder: &Path) -> Result<HashMap<u64, Vec<TimeRange>>> {
    let path = folder.join("tombstones");
    let mut by_series: HashMap<u64, Vec<TimeRange>> = HashMap::new();
    if !path.exists() {
        return Ok(by_series);
    }
    let file = read_whole(&path)?;
    for stone in tsdb::read_tombstones(&file).map_err(|e| e.context(path.display()))? {
        by_series.entry(stone.series).or_default().push(stone.range);
    }
    Ok(by_series)
}
