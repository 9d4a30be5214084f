//! `meta.json`: what a block holds, where it comes from, and the checksums of its files.
//!
//! The last member, `checksum`, is the CRC-32C of the file's own bytes without the eight digits of that member, so a
//! flipped byte is found wherever it is. Readers ignore members they do not know.

use std::collections::BTreeMap;
use std::path::Path;

use narthex_model::{Error, Result, TimestampMs};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::files;
use super::folder::{BlockFolder, LocalFolder};

/// Name of the file inside a block's folder.
pub(super) const META_FILE: &str = "meta.json";
/// The newest version that is read.
const VERSION_MAX: u32 = 3;
/// A larger file is not ours.
const META_BYTES_MAX: u64 = 1 << 20;
/// What stands before and after the digits of the checksum, at the end of the file.
const CHECKSUM_BEFORE: &str = "\"checksum\": \"";
const CHECKSUM_AFTER: &str = "\"\n}\n";
const CHECKSUM_DIGITS: usize = 8;

/// What a block is and holds; the content of its `meta.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockMeta {
    /// Version of the block format.
    pub version: u32,
    /// The block's name, and that of its folder.
    #[serde(with = "ulid_text")]
    pub ulid: Ulid,
    /// Time of the oldest sample.
    pub min_time: TimestampMs,
    /// Time of the newest sample, included.
    pub max_time: TimestampMs,
    /// The window the block was cut for.
    pub span: Span,
    /// Number of series.
    pub series: u64,
    /// Number of float samples.
    pub samples: u64,
    /// Number of native histograms.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub histograms: u64,
    /// Number of exemplars.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub exemplars: u64,
    /// Number of rows that say what metrics are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub metadata: u64,
    /// Number of float samples of which it is known since when they count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_timestamps: u64,
    /// The Parquet files by name.
    pub files: BTreeMap<String, FileMeta>,
    /// Where the samples come from.
    pub source: BlockSource,
    /// When the block was written, in milliseconds since the epoch.
    pub created_ms: TimestampMs,
}

/// A window of time, start included, end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First millisecond inside.
    pub start: TimestampMs,
    /// First millisecond after.
    pub end: TimestampMs,
}

/// Size and checksums of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMeta {
    /// Size in bytes.
    pub bytes: u64,
    /// CRC-32C of all of them.
    pub crc32c: u32,
    /// Size in bytes of the end of the file that a reader loads at once: page indexes and footer.
    pub tail_bytes: u64,
    /// CRC-32C of that end.
    pub tail_crc32c: u32,
}

/// Where the samples of a block come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockSource {
    /// The WAL up to and including this segment holds nothing of the block's span that the block lacks.
    pub wal_through: Option<u64>,
    /// 1 for a block cut from the head, one more than its sources for a merged one.
    pub level: u32,
    /// Names of the blocks it was merged from. Where it is, they count for nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// Deletes up to and including this number do not concern it: they were done when it was written, or are older.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub deletes_through: u64,
}

/// The version of blocks with start timestamps of floats, or without.
pub(super) fn version(start_timestamps: bool) -> u32 {
    if start_timestamps { VERSION_MAX } else { 2 }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Serialize)]
struct Sealed<'a> {
    #[serde(flatten)]
    meta: &'a BlockMeta,
    checksum: &'a str,
}

impl BlockMeta {
    /// Its content as it stands on disk, checksum included.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_string_pretty(&Sealed {
            meta: self,
            checksum: "",
        })
        .map_err(|e| Error::internal("cannot write the description of a block").with_source(e))?;
        text.push('\n');
        let digits = format!("{:08x}", crc32c::crc32c(text.as_bytes()));
        text.insert_str(text.len() - CHECKSUM_AFTER.len(), &digits);
        Ok(text.into_bytes())
    }

    /// Reads what [`BlockMeta::encode`] wrote; the error says what is wrong.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let digits = checked_digits(bytes)?;
        debug_assert_eq!(digits.len(), CHECKSUM_DIGITS);
        let meta: Self = serde_json::from_slice(bytes)
            .map_err(|e| format!("not the description of a block: {e}"))?;
        if meta.version == 0 || meta.version > VERSION_MAX {
            return Err(format!(
                "block format {} is newer than {VERSION_MAX}, the newest known",
                meta.version
            ));
        }
        Ok(meta)
    }

    /// Reads `meta.json` of the block in the local folder `dir`.
    ///
    /// # Errors
    /// As [`BlockMeta::read_in`].
    pub fn read(dir: &Path) -> Result<Self> {
        Self::read_in(&LocalFolder::new(dir))
    }

    /// Reads `meta.json` of the block in `folder`.
    ///
    /// # Errors
    /// `Corrupt` if it is missing or damaged, `Unavailable` if it cannot be read now.
    pub fn read_in(folder: &dyn BlockFolder) -> Result<Self> {
        let bytes = files::read_small(folder, META_FILE, META_BYTES_MAX)?;
        Self::decode(&bytes).map_err(|what| files::damaged(&folder.path().join(META_FILE), what))
    }

    /// What is said about the file `name` of the block in `folder`.
    pub(super) fn file(&self, folder: &dyn BlockFolder, name: &str) -> Result<&FileMeta> {
        self.files.get(name).ok_or_else(|| {
            files::damaged(
                &folder.path().join(META_FILE),
                format!("{name} is not listed"),
            )
        })
    }
}

/// The digits of the checksum, if they are right.
fn checked_digits(bytes: &[u8]) -> Result<&[u8], String> {
    let parts = bytes
        .strip_suffix(CHECKSUM_AFTER.as_bytes())
        .and_then(|rest| rest.split_last_chunk::<CHECKSUM_DIGITS>());
    let Some((before, digits)) =
        parts.filter(|(before, _)| before.ends_with(CHECKSUM_BEFORE.as_bytes()))
    else {
        return Err("it does not end with a checksum".to_owned());
    };
    let crc32c = crc32c::crc32c_append(crc32c::crc32c(before), CHECKSUM_AFTER.as_bytes());
    if format!("{crc32c:08x}").as_bytes() != digits {
        return Err("its checksum does not match".to_owned());
    }
    Ok(digits)
}

mod ulid_text {
    //! ULIDs as their 26 letters.

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use ulid::Ulid;

    pub(super) fn serialize<S: Serializer>(ulid: &Ulid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(ulid)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Ulid, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ulid::from_string(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> BlockMeta {
        BlockMeta {
            version: VERSION_MAX,
            ulid: Ulid::from_parts(1, 2),
            min_time: -5,
            max_time: i64::MAX,
            span: Span { start: -5, end: 10 },
            series: 1,
            samples: 2,
            histograms: 0,
            exemplars: 0,
            metadata: 0,
            start_timestamps: 0,
            files: BTreeMap::from([(
                "a".to_owned(),
                FileMeta {
                    bytes: 1,
                    crc32c: 2,
                    tail_bytes: 1,
                    tail_crc32c: 2,
                },
            )]),
            source: BlockSource {
                wal_through: None,
                level: 1,
                parents: Vec::new(),
                deletes_through: 0,
            },
            created_ms: 7,
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let good = example().encode().expect("encodes");
        assert_eq!(BlockMeta::decode(&good), Ok(example()));
        for at in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(BlockMeta::decode(&bad).is_err(), "bit {at}");
        }
        for end in 0..good.len() {
            assert!(BlockMeta::decode(&good[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn newer_members_are_ignored_and_newer_versions_refused() {
        let text = String::from_utf8(example().encode().expect("encodes")).expect("text");
        let reseal = |text: String| {
            let mut bytes = text.into_bytes();
            let digits = bytes.len() - CHECKSUM_AFTER.len() - CHECKSUM_DIGITS
                ..bytes.len() - CHECKSUM_AFTER.len();
            let crc32c = crc32c::crc32c_append(
                crc32c::crc32c(&bytes[..digits.start]),
                CHECKSUM_AFTER.as_bytes(),
            );
            bytes[digits].copy_from_slice(format!("{crc32c:08x}").as_bytes());
            bytes
        };
        let more = reseal(text.replacen('{', "{ \"later\": [1],", 1));
        assert_eq!(BlockMeta::decode(&more), Ok(example()));
        let newer = reseal(text.replacen("\"version\": 3", "\"version\": 4", 1));
        assert!(BlockMeta::decode(&newer).is_err_and(|what| what.contains("newer")));
    }
}
