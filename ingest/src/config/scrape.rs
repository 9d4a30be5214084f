//! One element of `scrape_configs`: a job, its targets, and how they are scraped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::global::{SCRAPE_INTERVAL, SCRAPE_TIMEOUT};
use super::http::Scheme;
use super::keys::with_discovery_keys;
use super::protocol::{EscapingScheme, ScrapeProtocol, ValidationScheme};
use crate::relabel::RelabelConfig;
use narthex_settings::{ByteSize, DurationMs, or_default};

with_discovery_keys! {
    /// A job. The keys that `global` has too are `Some` after loading; limits of 0 mean none.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct ScrapeConfig {
        /// The job's name: unique, and the label `job` of its targets.
        pub job_name: String,
        /// How often its targets are scraped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub scrape_interval: Option<DurationMs>,
        /// How long a scrape may take.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub scrape_timeout: Option<DurationMs>,
        /// Formats to ask for, the preferred one first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub scrape_protocols: Option<Vec<ScrapeProtocol>>,
        /// The format of answers that name none, or an unknown one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub fallback_scrape_protocol: Option<ScrapeProtocol>,
        /// Whether native histograms are wanted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub scrape_native_histograms: Option<bool>,
        /// Whether classic histograms become native ones with custom buckets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub convert_classic_histograms_to_nhcb: Option<bool>,
        /// Whether classic histograms are kept beside native ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub always_scrape_classic_histograms: Option<bool>,
        /// The path asked for.
        #[serde(default = "metrics_path")]
        pub metrics_path: String,
        /// Whether the target's own labels win over ours of the same name.
        #[serde(default)]
        pub honor_labels: bool,
        /// Whether timestamps in the body are used.
        #[serde(default = "super::http::yes")]
        pub honor_timestamps: bool,
        /// Whether series with timestamps of their own get stale markers too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub track_timestamps_staleness: bool,
        /// `http` or `https`.
        #[serde(default)]
        pub scheme: Scheme,
        /// URL parameters.
        #[serde(
            default,
            deserialize_with = "or_default",
            skip_serializing_if = "BTreeMap::is_empty"
        )]
        pub params: BTreeMap<String, Vec<String>>,
        /// Whether gzip is asked for.
        #[serde(default = "super::http::yes")]
        pub enable_compression: bool,
        /// Where failed scrapes are logged: not done yet, a warning is given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub scrape_failure_log_file: Option<String>,
        /// What is done to series before they are stored.
        #[serde(
            default,
            deserialize_with = "or_default",
            skip_serializing_if = "Vec::is_empty"
        )]
        pub metric_relabel_configs: Vec<RelabelConfig>,
        /// Largest body, after decompression.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub body_size_limit: Option<ByteSize>,
        /// Most samples of a scrape, after relabelling.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub sample_limit: Option<u64>,
        /// Most labels of a series.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub label_limit: Option<u64>,
        /// Longest label name, in bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub label_name_length_limit: Option<u64>,
        /// Longest label value, in bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub label_value_length_limit: Option<u64>,
        /// Most targets of the job.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub target_limit: Option<u64>,
        /// How many dropped targets are kept for display.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub keep_dropped_targets: Option<u64>,
        /// Most buckets of a native histogram.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub native_histogram_bucket_limit: Option<u64>,
        /// Least growth factor of a native histogram's buckets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub native_histogram_min_bucket_factor: Option<f64>,
        /// Which names are accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub metric_name_validation_scheme: Option<ValidationScheme>,
        /// How targets are asked to escape names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub metric_name_escaping_scheme: Option<EscapingScheme>,
        /// Whether three more series are written per scrape.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub extra_scrape_metrics: Option<bool>,
    }
}

fn metrics_path() -> String {
    "/metrics".to_owned()
}

impl ScrapeConfig {
    /// How often targets are scraped.
    pub fn interval(&self) -> DurationMs {
        self.scrape_interval.unwrap_or(SCRAPE_INTERVAL)
    }

    /// How long a scrape may take.
    pub fn timeout(&self) -> DurationMs {
        self.scrape_timeout.unwrap_or(SCRAPE_TIMEOUT)
    }
}
