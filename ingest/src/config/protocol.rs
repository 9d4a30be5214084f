//! Names of formats and of rules for metric names.

use std::fmt;

use narthex_formats::Protocol;
use serde::{Deserialize, Serialize};

use narthex_settings::{FromText, text_serde};

/// A format a target may answer in, by its name in `scrape_protocols`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrapeProtocol(pub Protocol);

impl ScrapeProtocol {
    /// What is asked for where nothing is said, the preferred one first.
    pub const DEFAULT: [Self; 4] = [
        Self(Protocol::OpenMetricsText1_0_0),
        Self(Protocol::OpenMetricsText0_0_1),
        Self(Protocol::PrometheusText1_0_0),
        Self(Protocol::PrometheusText0_0_4),
    ];
}

impl FromText for ScrapeProtocol {
    const EXPECTING: &'static str = "the name of a format, like PrometheusText0.0.4";

    fn from_text(text: &str) -> Result<Self, String> {
        let names = || Protocol::ALL.map(Protocol::as_str).join(", ");
        Protocol::from_name(text)
            .map(Self)
            .ok_or_else(|| format!("unknown format \"{text}\", there are {}", names()))
    }
}

impl fmt::Display for ScrapeProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

text_serde!(ScrapeProtocol);

/// Which metric and label names are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValidationScheme {
    /// Any UTF-8 text.
    #[default]
    Utf8,
    /// Letters, digits, `_`, and `:` in metric names.
    Legacy,
}

/// How targets are asked to write names outside `[a-zA-Z0-9_:]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EscapingScheme {
    /// As they are.
    #[default]
    #[serde(rename = "allow-utf-8")]
    AllowUtf8,
    /// `_` for each such letter.
    Underscores,
    /// Dots as `_dot_`.
    Dots,
    /// Reversibly, `U__` in front.
    Values,
}

impl EscapingScheme {
    /// The name in `Accept`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }
}
