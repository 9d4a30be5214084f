//! One element of `scrape_configs`: a job, its targets, and how they are scraped.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use super::global::{SCRAPE_INTERVAL, SCRAPE_TIMEOUT};
use super::http::{Authorization, BasicAuth, HttpHeaders, Scheme, TlsConfig};
use super::protocol::{EscapingScheme, ScrapeProtocol, ValidationScheme};
use crate::relabel::RelabelConfig;
use narthex_settings::{ByteSize, DurationMs, Secret, or_default};

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
    #[serde(default = "yes")]
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
    #[serde(default = "yes")]
    pub enable_compression: bool,
    /// Where failed scrapes are logged: not done yet, a warning is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scrape_failure_log_file: Option<String>,
    /// Name and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// The `Authorization` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// Short for `authorization` of type `Bearer`, from before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<Secret>,
    /// Short for `authorization` of type `Bearer`, from before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer_token_file: Option<PathBuf>,
    /// Whether redirects are followed.
    #[serde(default = "yes")]
    pub follow_redirects: bool,
    /// Whether HTTP/2 may be spoken; we speak HTTP/1.1 in any case.
    #[serde(default = "yes")]
    pub enable_http2: bool,
    /// TLS options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// A proxy to go through.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "without_password"
    )]
    pub proxy_url: Option<String>,
    /// Hosts for which it is not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<String>,
    /// Whether the environment names the proxy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proxy_from_environment: bool,
    /// Further headers.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub http_headers: HttpHeaders,
    /// Targets named here.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub static_configs: Vec<StaticConfig>,
    /// Targets named in files.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub file_sd_configs: Vec<FileSdConfig>,
    /// What is done to targets before they are scraped.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub relabel_configs: Vec<RelabelConfig>,
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

/// A URL is shown, the password in it is not.
fn without_password<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut parsed = url.as_deref().and_then(|u| reqwest::Url::parse(u).ok());
    if let Some(parsed) = parsed.as_mut().filter(|u| u.password().is_some()) {
        // Only URLs without a host refuse one, and those have none.
        let _ = parsed.set_password(Some("xxxxx"));
        return serializer.serialize_str(parsed.as_str());
    }
    url.serialize(serializer)
}

fn yes() -> bool {
    true
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

/// An element of `static_configs`, and of the files that `file_sd_configs` name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticConfig {
    /// Addresses, `host:port`.
    #[serde(default, deserialize_with = "or_default")]
    pub targets: Vec<String>,
    /// Labels of all of them.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
}

/// Refresh interval of target files where nothing is said.
const FILE_REFRESH_INTERVAL: DurationMs = DurationMs(300_000);

/// An element of `file_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSdConfig {
    /// Paths that end in `.json`, `.yml` or `.yaml`; the last part may contain one `*`.
    pub files: Vec<PathBuf>,
    /// How often the files are read even if no change was seen.
    #[serde(default = "file_refresh_interval")]
    pub refresh_interval: DurationMs,
}

fn file_refresh_interval() -> DurationMs {
    FILE_REFRESH_INTERVAL
}
