//! What all groups of rules share.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{Clock, Sink};

use super::metrics::Metrics;
use crate::query::{Notify, Query};

/// What configuration and flags say about rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `global.evaluation_interval`, for groups without an interval.
    pub evaluation_interval_ms: i64,
    /// `global.rule_query_offset`, for groups without an offset.
    pub query_offset_ms: i64,
    /// `global.external_labels`.
    pub external_labels: BTreeMap<String, String>,
    /// `--web.external-url`, without a `/` at its end.
    pub external_url: String,
    /// The path in that URL, without a `/` at its end.
    pub external_path: String,
    /// `--rules.alert.resend-delay`: how long an alert that fires is not sent again.
    pub resend_delay_ms: i64,
    /// `--rules.alert.for-grace-period`: how long an alert waits at least after a restart if it has to wait at all.
    pub for_grace_ms: i64,
    /// `--rules.alert.for-outage-tolerance`: how far back we look for what a run before this one knew.
    pub outage_tolerance_ms: i64,
}

/// As Prometheus without configuration and flags.
impl Default for Settings {
    fn default() -> Self {
        Self {
            evaluation_interval_ms: 60_000,
            query_offset_ms: 0,
            external_labels: BTreeMap::new(),
            external_url: String::new(),
            external_path: String::new(),
            resend_delay_ms: 60_000,
            for_grace_ms: 600_000,
            outage_tolerance_ms: 3_600_000,
        }
    }
}

impl Settings {
    /// The same, reached from outside under this URL.
    #[must_use]
    pub fn with_external_url(mut self, url: &str) -> Self {
        let url = url.trim_end_matches('/');
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..));
        self.external_path = path.unwrap_or_default().to_owned();
        self.external_url = url.to_owned();
        self
    }
}

/// The world as rules see it.
#[derive(Clone)]
pub struct World {
    /// Evaluates expressions.
    pub query: Arc<dyn Query>,
    /// Takes what they give.
    pub sink: Arc<dyn Sink>,
    /// Is told of alerts.
    pub notify: Arc<dyn Notify>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Counts.
    pub metrics: Arc<Metrics>,
}
