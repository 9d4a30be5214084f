//! What a discovery is: something that reports groups of targets, at once and whenever they change.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::file_sd::FileDiscovery;
use crate::config::{ScrapeConfig, StaticConfig};
use narthex_model::Clock;

/// Addresses that share labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TargetGroup {
    /// Where it was found, for messages.
    pub(crate) source: String,
    /// `host:port`.
    pub(crate) addresses: Vec<String>,
    /// Labels of all of them; names beginning with `__` vanish after relabelling.
    pub(crate) labels: Vec<(String, String)>,
}

impl TargetGroup {
    /// The group that an element of `static_configs` or of a target file means.
    pub(crate) fn new(source: String, config: StaticConfig) -> Self {
        Self {
            source,
            addresses: config.targets,
            labels: config.labels.into_iter().collect(),
        }
    }
}

/// All groups a discovery knows, and what went wrong when it looked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Groups {
    /// Everything known now; replaces what was reported before.
    pub(crate) groups: Vec<TargetGroup>,
    /// Sources that could not be read; their old groups are kept above.
    pub(crate) problems: Vec<String>,
}

/// Takes what a discovery found.
pub(crate) type Report =
    Box<dyn Fn(Groups) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Finds targets.
pub(crate) trait Discovery: Send + Sync {
    /// What there is now.
    fn look(&mut self) -> Groups;

    /// Reports every later change, until the future is dropped.
    fn watch(
        self: Box<Self>,
        report: Report,
        clock: Arc<dyn Clock>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The discoveries of a job, apart from `static_configs`, which never change.
pub(crate) fn discoveries(job: &ScrapeConfig) -> Vec<Box<dyn Discovery>> {
    let files = job
        .file_sd_configs
        .iter()
        .map(|c| Box::new(FileDiscovery::new(c.clone())) as Box<dyn Discovery>);
    files.collect()
}
