//! `tombstones.json`: the deletes that are not yet done in every block (docs/format/tombstones.md).

use std::io;
use std::path::Path;
use std::sync::Arc;

use narthex_model::{Error, MatchOp, Matcher, Result, TimeRange, TimestampMs};
use serde::{Deserialize, Serialize};

use super::{Tombstone, Tombstones};
use crate::fs::{self, FileSystem};
use crate::layout::{Layout, json_bug, unavailable};

const VERSION: u32 = 1;
/// A larger file is not ours.
const FILE_BYTES_MAX: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    newest: u64,
    tombstones: Vec<Entry>,
    /// CRC-32C of the file as it is with 0 in this place.
    crc32c: u32,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    number: u64,
    /// Name, operator, value.
    matcher_sets: Vec<Vec<(String, String, String)>>,
    start: TimestampMs,
    end: TimestampMs,
    wal_through: u64,
    created_ms: TimestampMs,
}

impl Tombstones {
    /// Reads the file; a store without one has no tombstones.
    pub(crate) fn read(layout: &Layout) -> Result<Self> {
        let path = layout.tombstones();
        match std::fs::metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Ok(metadata) if metadata.len() > FILE_BYTES_MAX => {
                return Err(damaged(&path, "it is too large"));
            }
            _ => {}
        }
        let bytes = std::fs::read(&path).map_err(|e| unavailable("read", &path, e))?;
        Self::decode(&bytes).map_err(|what| damaged(&path, &what))
    }

    /// Replaces the file.
    pub(crate) fn write(&self, fs: &dyn FileSystem, layout: &Layout) -> Result<()> {
        let path = layout.tombstones();
        fs::replace(fs, &path, &self.encode()?).map_err(|e| unavailable("write", &path, e))
    }

    /// The content of the file.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let mut file = File {
            version: VERSION,
            newest: self.newest,
            tombstones: self.iter().map(|t| Entry::of(t)).collect(),
            crc32c: 0,
        };
        file.crc32c = checksum(&file).map_err(json_bug)?;
        serde_json::to_vec_pretty(&file).map_err(json_bug)
    }

    /// Reads what [`Tombstones::encode`] wrote; the error says what is wrong.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let mut file: File = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if file.version != VERSION {
            return Err(format!(
                "it has version {}, {VERSION} is known",
                file.version
            ));
        }
        let expected = std::mem::take(&mut file.crc32c);
        if checksum(&file).map_err(|e| e.to_string())? != expected {
            return Err("its checksum does not match".to_owned());
        }
        let active = file.tombstones.into_iter().map(Entry::tombstone);
        Ok(Self {
            newest: file.newest,
            active: active.collect::<Result<_, String>>()?,
        })
    }
}

impl Entry {
    fn of(tombstone: &Tombstone) -> Self {
        let matcher = |m: &Matcher| {
            let op = m.op().as_str().to_owned();
            (m.name().to_owned(), op, m.value().to_owned())
        };
        let set = |set: &Vec<Matcher>| set.iter().map(matcher).collect();
        Self {
            number: tombstone.number,
            matcher_sets: tombstone.matcher_sets.iter().map(set).collect(),
            start: tombstone.range.start,
            end: tombstone.range.end,
            wal_through: tombstone.wal_through,
            created_ms: tombstone.created_ms,
        }
    }

    fn tombstone(self) -> Result<Arc<Tombstone>, String> {
        let set = |set: Vec<_>| set.into_iter().map(matcher).collect::<Result<_, String>>();
        Ok(Arc::new(Tombstone {
            number: self.number,
            matcher_sets: self
                .matcher_sets
                .into_iter()
                .map(set)
                .collect::<Result<_, _>>()?,
            range: TimeRange::new(self.start, self.end),
            wal_through: self.wal_through,
            created_ms: self.created_ms,
        }))
    }
}

fn matcher((name, op, value): (String, String, String)) -> Result<Matcher, String> {
    let ops = [
        MatchOp::Equal,
        MatchOp::NotEqual,
        MatchOp::Regex,
        MatchOp::NotRegex,
    ];
    let op = ops.into_iter().find(|known| known.as_str() == op);
    let op = op.ok_or_else(|| format!("a matcher on {name} has no operator that is known"))?;
    Matcher::new(name, op, value).map_err(|e| e.to_string())
}

/// The checksum of a file whose own is 0.
fn checksum(file: &File) -> serde_json::Result<u32> {
    serde_json::to_vec(file).map(|bytes| crc32c::crc32c(&bytes))
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::corrupt(format!(
        "{} is damaged: {what}; restore it from a backup, or remove it and delete anew what was deleted lately",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Tombstones {
        let matcher_sets = vec![
            vec![Matcher::equal("__name__", "a\"b\n")],
            vec![Matcher::new("job", MatchOp::NotRegex, "x|y.*").expect("valid")],
        ];
        Tombstones::default().with(Tombstone {
            number: 0,
            matcher_sets,
            range: TimeRange::ALL,
            wal_through: 7,
            created_ms: 8,
        })
    }

    #[test]
    fn reads_what_it_wrote() {
        let decoded = Tombstones::decode(&example().encode().expect("encodes")).expect("decodes");
        assert_eq!(decoded, example());
        assert_eq!((decoded.newest(), decoded.newest_segment()), (1, 7));
    }

    #[test]
    fn every_flipped_bit_is_found_or_means_nothing() {
        let good = example().encode().expect("encodes");
        for at in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[at / 8] ^= 1 << (at % 8);
            if let Ok(read) = Tombstones::decode(&bad) {
                assert_eq!(read, example(), "bit {at}");
            }
        }
        for end in 0..good.len() {
            assert!(Tombstones::decode(&good[..end]).is_err(), "cut at {end}");
        }
    }
}
