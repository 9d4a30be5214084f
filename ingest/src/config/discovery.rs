//! Where targets come from: what stands in the file, in other files, and with whoever is asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use narthex_settings::{DurationMs, or_default};
use serde::{Deserialize, Serialize};

use super::http::ShownUrl;
use super::keys::with_http_keys;
use crate::relabel::RelabelConfig;

/// What a section says of where its targets come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DiscoveryOptions {
    /// Targets named in the section.
    pub static_configs: Vec<StaticConfig>,
    /// Targets named in files.
    pub file_sd_configs: Vec<FileSdConfig>,
    /// Targets that servers tell of.
    pub http_sd_configs: Vec<HttpSdConfig>,
    /// What is done to targets before they are used.
    pub relabel_configs: Vec<RelabelConfig>,
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

/// Refresh interval of servers that tell of targets where nothing is said.
const HTTP_REFRESH_INTERVAL: DurationMs = DurationMs(60_000);

with_http_keys! {
    /// An element of `http_sd_configs`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct HttpSdConfig {
        /// What is asked.
        pub url: ShownUrl,
        /// How often it is asked; also how long an answer may take.
        #[serde(default = "http_refresh_interval")]
        pub refresh_interval: DurationMs,
    }
}

fn http_refresh_interval() -> DurationMs {
    HTTP_REFRESH_INTERVAL
}
