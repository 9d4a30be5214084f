//! What discoveries find.

use crate::config::StaticConfig;

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
    /// The group that an element of `static_configs`, of a target file or of an answer means.
    pub(crate) fn new(source: String, config: StaticConfig) -> Self {
        Self {
            source,
            addresses: config.targets,
            labels: config.labels.into_iter().collect(),
        }
    }

    /// The group with one label more.
    pub(crate) fn tagged(mut self, name: &str, value: &str) -> Self {
        self.labels.push((name.to_owned(), value.to_owned()));
        self
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
