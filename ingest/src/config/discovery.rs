//! Where targets come from: what stands in the file, in other files, and with whoever is asked.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use narthex_settings::{DurationMs, FromText, or_default, text_serde};
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
    /// Targets that names in the DNS mean.
    pub dns_sd_configs: Vec<DnsSdConfig>,
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

/// Refresh interval of names in the DNS where nothing is said.
const DNS_REFRESH_INTERVAL: DurationMs = DurationMs(30_000);

/// An element of `dns_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsSdConfig {
    /// The names; those without a dot at their end are looked up with the search list, too.
    #[serde(default, deserialize_with = "or_default")]
    pub names: Vec<String>,
    /// How often they are looked up.
    #[serde(default = "dns_refresh_interval")]
    pub refresh_interval: DurationMs,
    /// Which records are asked for.
    #[serde(default, rename = "type")]
    pub kind: RecordType,
    /// The port of the targets; SRV records bring their own.
    #[serde(default)]
    pub port: u16,
}

fn dns_refresh_interval() -> DurationMs {
    DNS_REFRESH_INTERVAL
}

/// A type of DNS records that name targets; may be written in any letter case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordType {
    /// Names and ports of a service.
    #[default]
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Those who take mail.
    Mx,
    /// Those who know a zone.
    Ns,
}

impl RecordType {
    const ALL: [Self; 5] = [Self::Srv, Self::A, Self::Aaaa, Self::Mx, Self::Ns];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Srv => "SRV",
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Ns => "NS",
        }
    }
}

impl FromText for RecordType {
    const EXPECTING: &'static str = "a type of DNS records, like SRV";

    fn from_text(text: &str) -> Result<Self, String> {
        let found = Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text));
        let all = || Self::ALL.map(Self::as_str).join(", ");
        found.ok_or_else(|| format!("unknown record type \"{text}\", there are {}", all()))
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

text_serde!(RecordType);
