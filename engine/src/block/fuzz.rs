//! Blocks of any bytes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use narthex_model::{Error, Result, TimeRange};

use super::folder::{BlockFile, BlockFolder};
use super::meta::{BlockMeta, FileMeta, META_FILE};
use super::read::{Block, DecodedSamples};
use super::schema::{EXEMPLARS_FILE, HISTOGRAMS_FILE, METADATA_FILE, SAMPLES_FILE, SERIES_FILE};
use super::{DecodedHistograms, verify_block_in};

/// Files of a block by the number that stands for them in an input.
const FILES: [&str; 6] = [
    META_FILE,
    SERIES_FILE,
    SAMPLES_FILE,
    HISTOGRAMS_FILE,
    EXEMPLARS_FILE,
    METADATA_FILE,
];

/// `meta.json` as it is.
pub fn block_meta(bytes: &[u8]) {
    let _ = BlockMeta::decode(bytes);
}

/// A whole block: for each file its number, its length in four bytes, little endian, and its bytes. Sizes and checksums
/// in `meta.json` are set right first, so that what lies behind them is reached.
pub fn block(bytes: &[u8]) {
    let Some(folder) = MemoryFolder::unpack(bytes) else {
        return;
    };
    let _ = verify_block_in(&folder);
    let Ok((block, _)) = Block::open_in(&folder) else {
        return;
    };
    let ordinals: Vec<u32> = (0..block.series_count() as u32).collect();
    let _ = block.read(&ordinals, TimeRange::ALL, &mut DecodedSamples::default());
    let _ = block.read_histograms(&ordinals, TimeRange::ALL, &mut DecodedHistograms::default());
    let _ = block.read_exemplars(TimeRange::ALL, drop);
    let _ = block.read_metadata();
}

/// A block in memory.
#[derive(Debug)]
struct MemoryFolder(BTreeMap<&'static str, Bytes>);

#[derive(Debug)]
struct MemoryFile(Bytes);

impl MemoryFolder {
    fn unpack(mut rest: &[u8]) -> Option<Self> {
        let mut files = BTreeMap::new();
        while let Some(([number, len @ ..], tail)) = rest.split_first_chunk::<5>() {
            let (file, tail) = tail.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            files.insert(
                *FILES.get(usize::from(*number))?,
                Bytes::copy_from_slice(file),
            );
            rest = tail;
        }
        let mut meta: BlockMeta = serde_json::from_slice(files.get(META_FILE)?).ok()?;
        for (name, expected) in &mut meta.files {
            if let Some(file) = files.get(name.as_str()) {
                *expected = describe(file, expected.tail_bytes);
            }
        }
        files.insert(META_FILE, meta.encode().ok()?.into());
        Some(Self(files))
    }
}

fn describe(file: &[u8], tail_bytes: u64) -> FileMeta {
    let tail_bytes = tail_bytes.min(file.len() as u64);
    let tail = file.get(file.len() - tail_bytes as usize..).unwrap_or(&[]);
    FileMeta {
        bytes: file.len() as u64,
        crc32c: crc32c::crc32c(file),
        tail_bytes,
        tail_crc32c: crc32c::crc32c(tail),
    }
}

impl BlockFolder for MemoryFolder {
    fn path(&self) -> &Path {
        Path::new("memory")
    }

    fn open(&self, name: &str) -> Result<Box<dyn BlockFile>> {
        let file = self.0.get(name).cloned();
        let file = file.ok_or_else(|| Error::corrupt(format!("{name} is missing")))?;
        Ok(Box::new(MemoryFile(file)))
    }
}

impl BlockFile for MemoryFile {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let read = |r: &Range<u64>| self.0.slice(r.start as usize..r.end as usize);
        Ok(ranges.iter().map(read).collect())
    }
}
