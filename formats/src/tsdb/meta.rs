//! `meta.json` of a block: its span, its size, and the blocks it was made from.

use narthex_model::{Error, TimeRange, TimestampMs};
use serde::Deserialize;

/// What a block of late samples has among its hints.
const OUT_OF_ORDER_HINT: &str = "from-out-of-order";

/// What a block says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockMeta {
    /// Its name.
    pub ulid: String,
    /// The span of its samples.
    pub range: TimeRange,
    /// How much it holds.
    pub stats: BlockStats,
    /// Names of the blocks that were cut from a head and are all in it: its own name, if it was.
    pub sources: Vec<String>,
    /// Names of the blocks it was merged from, which count for nothing where it is.
    pub parents: Vec<String>,
    /// Whether its samples came late: they say nothing of how far the head was cut into blocks.
    pub is_out_of_order: bool,
}

/// How much a block holds, as it says itself: for progress bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockStats {
    /// Samples of all kinds.
    pub num_samples: u64,
    /// Series.
    pub num_series: u64,
    /// Chunks.
    pub num_chunks: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    version: u32,
    ulid: String,
    min_time: TimestampMs,
    max_time: TimestampMs,
    #[serde(default)]
    stats: BlockStats,
    #[serde(default)]
    compaction: Compaction,
}

#[derive(Default, Deserialize)]
struct Compaction {
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    parents: Vec<Parent>,
    #[serde(default)]
    hints: Vec<String>,
}

#[derive(Deserialize)]
struct Parent {
    ulid: String,
}

impl BlockMeta {
    /// Reads a whole `meta.json`.
    ///
    /// # Errors
    /// `Corrupt` if it is not the description of a block, `Invalid` if its version is not known.
    pub fn decode(file: &[u8]) -> Result<Self, Error> {
        let json: Json = serde_json::from_slice(file)
            .map_err(|e| Error::corrupt("not the description of a block").with_source(e))?;
        if json.version != 1 {
            return Err(Error::invalid(format!(
                "the block has version {}, known is 1",
                json.version
            )));
        }
        let mut sources = json.compaction.sources;
        if sources.is_empty() {
            sources.push(json.ulid.clone());
        }
        let is_out_of_order = json.compaction.hints.iter().any(|h| h == OUT_OF_ORDER_HINT);
        Ok(Self {
            ulid: json.ulid,
            range: TimeRange::new(json.min_time, json.max_time),
            stats: json.stats,
            sources,
            parents: json
                .compaction
                .parents
                .into_iter()
                .map(|p| p.ulid)
                .collect(),
            is_out_of_order,
        })
    }
}
