//! The `global` section: what jobs inherit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::protocol::{EscapingScheme, ScrapeProtocol, ValidationScheme};
use narthex_settings::{ByteSize, DurationMs, or_default};

/// Scrape interval where nothing is said.
pub(crate) const SCRAPE_INTERVAL: DurationMs = DurationMs(60_000);
/// Scrape timeout where nothing is said.
pub(crate) const SCRAPE_TIMEOUT: DurationMs = DurationMs(10_000);

/// What jobs inherit. Limits of 0 mean none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GlobalConfig {
    /// How often targets are scraped.
    pub scrape_interval: DurationMs,
    /// How long a scrape may take; after loading never more than the interval.
    pub scrape_timeout: DurationMs,
    /// Formats to ask for, the preferred one first; empty: the usual ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scrape_protocols: Vec<ScrapeProtocol>,
    /// How often rules are evaluated.
    pub evaluation_interval: DurationMs,
    /// How far in the past rules are evaluated.
    #[serde(skip_serializing_if = "is_default")]
    pub rule_query_offset: DurationMs,
    /// Labels that tell our data from that of others.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub external_labels: BTreeMap<String, String>,
    /// Where queries are logged: not done yet, a warning is given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query_log_file: String,
    /// Where failed scrapes are logged: not done yet, a warning is given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scrape_failure_log_file: String,
    /// Largest body, after decompression.
    #[serde(skip_serializing_if = "is_default")]
    pub body_size_limit: ByteSize,
    /// Most samples of a scrape, after relabelling.
    #[serde(skip_serializing_if = "is_default")]
    pub sample_limit: u64,
    /// Most labels of a series.
    #[serde(skip_serializing_if = "is_default")]
    pub label_limit: u64,
    /// Longest label name, in bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub label_name_length_limit: u64,
    /// Longest label value, in bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub label_value_length_limit: u64,
    /// Most targets of a job.
    #[serde(skip_serializing_if = "is_default")]
    pub target_limit: u64,
    /// How many dropped targets of a job are kept for display.
    #[serde(skip_serializing_if = "is_default")]
    pub keep_dropped_targets: u64,
    /// Which names are accepted.
    #[serde(skip_serializing_if = "is_default")]
    pub metric_name_validation_scheme: ValidationScheme,
    /// How targets are asked to escape names.
    #[serde(skip_serializing_if = "is_default")]
    pub metric_name_escaping_scheme: EscapingScheme,
    /// Whether native histograms are wanted.
    #[serde(skip_serializing_if = "is_default")]
    pub scrape_native_histograms: bool,
    /// Whether classic histograms become native ones with custom buckets.
    #[serde(skip_serializing_if = "is_default")]
    pub convert_classic_histograms_to_nhcb: bool,
    /// Whether classic histograms are kept beside native ones.
    #[serde(skip_serializing_if = "is_default")]
    pub always_scrape_classic_histograms: bool,
    /// Whether three more series are written per scrape.
    #[serde(skip_serializing_if = "is_default")]
    pub extra_scrape_metrics: bool,
}

impl Default for GlobalConfig {
    fn default() -> Self {
        Self {
            scrape_interval: SCRAPE_INTERVAL,
            scrape_timeout: DurationMs(0),
            scrape_protocols: Vec::new(),
            evaluation_interval: SCRAPE_INTERVAL,
            rule_query_offset: DurationMs(0),
            external_labels: BTreeMap::new(),
            query_log_file: String::new(),
            scrape_failure_log_file: String::new(),
            body_size_limit: ByteSize(0),
            sample_limit: 0,
            label_limit: 0,
            label_name_length_limit: 0,
            label_value_length_limit: 0,
            target_limit: 0,
            keep_dropped_targets: 0,
            metric_name_validation_scheme: ValidationScheme::Utf8,
            metric_name_escaping_scheme: EscapingScheme::AllowUtf8,
            scrape_native_histograms: false,
            convert_classic_histograms_to_nhcb: false,
            always_scrape_classic_histograms: false,
            extra_scrape_metrics: false,
        }
    }
}

/// Whether a value need not be written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
