//! `storage` and `retention`: how long samples are kept.

use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use narthex_settings::{ByteSize, DurationMs, or_default};

/// The section `storage`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageConfig {
    /// The store.
    #[serde(deserialize_with = "or_default")]
    pub tsdb: TsdbConfig,
    /// Of the head.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "ExemplarsConfig::says_nothing"
    )]
    pub exemplars: ExemplarsConfig,
}

/// The section `storage.exemplars`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExemplarsConfig {
    /// How many are kept before they are in blocks; 0 or less for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_exemplars: Option<i64>,
}

impl ExemplarsConfig {
    fn says_nothing(&self) -> bool {
        self.max_exemplars.is_none()
    }
}

impl StorageConfig {
    /// Whether nothing that has an effect is set.
    pub(super) fn says_nothing(&self) -> bool {
        let retention = &self.tsdb.retention;
        retention.time.is_none() && retention.size.is_none() && self.exemplars.says_nothing()
    }
}

/// The section `storage.tsdb`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TsdbConfig {
    /// For all series that no rule of `retention` speaks of.
    #[serde(deserialize_with = "or_default")]
    pub retention: StoreRetention,
    #[serde(skip_serializing)]
    pub(super) out_of_order_time_window: Value,
    #[serde(skip_serializing)]
    pub(super) stale_series_compaction_threshold: Value,
    #[serde(skip_serializing)]
    pub(super) chunk_encoding: Value,
}

/// The section `storage.tsdb.retention`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreRetention {
    /// How long samples are kept; 0 as if it were not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<DurationMs>,
    /// How many bytes blocks and write-ahead log may have; 0 as if it were not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<ByteSize>,
    #[serde(skip_serializing)]
    pub(super) percentage: Value,
}

/// A rule of the list `retention`: the first one that matches a series decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionRule {
    /// A series selector.
    #[serde(rename = "match")]
    pub selector: String,
    /// How long its samples are kept; 0 for ever.
    #[serde(rename = "for")]
    pub time: DurationMs,
}
