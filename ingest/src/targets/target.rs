//! A target: what is scraped, and under which labels.

use narthex_model::Labels;
use reqwest::Url;

use crate::config::DurationMs;

/// A target that is scraped. Two targets with equal labels and URL are the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The labels its series get.
    pub labels: Labels,
    /// The labels it had before relabelling.
    pub discovered: Labels,
    /// What is asked for, parameters included.
    pub url: Url,
    /// How often.
    pub interval: DurationMs,
    /// How long an answer may take.
    pub timeout: DurationMs,
}

/// A target that relabelling dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedTarget {
    /// The labels it had before relabelling.
    pub discovered: Labels,
}

/// What makes a target the same after a change of configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TargetKey {
    labels: Labels,
    url: Url,
}

impl Target {
    pub(crate) fn key(&self) -> TargetKey {
        TargetKey {
            labels: self.labels.clone(),
            url: self.url.clone(),
        }
    }
}

impl TargetKey {
    /// A number that spreads targets over their interval, the same in every process.
    pub(crate) fn spread(&self) -> u64 {
        let url = twox_hash::XxHash64::oneshot(0, self.url.as_str().as_bytes());
        self.labels.as_ref().id() ^ url
    }
}
