//! How long samples are kept: by time, by size, and by selector.

mod cutoffs;

use narthex_model::{Error, Matcher, Result};

pub(crate) use cutoffs::Cutoffs;

/// How long samples are kept. Without anything set, for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Samples older than now by more than this are not answered any more, and leave; in milliseconds, more than 0.
    pub time_ms: Option<i64>,
    /// While blocks and WAL together have more bytes, the oldest block leaves.
    pub size_bytes: Option<u64>,
    /// The first whose matchers accept a series decides about it instead of `time_ms`.
    pub rules: Vec<RetentionRule>,
}

/// How long the samples of some series are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRule {
    /// All must accept the series.
    pub matchers: Vec<Matcher>,
    /// As [`Retention::time_ms`]; `None` for ever.
    pub time_ms: Option<i64>,
}

impl Retention {
    pub(crate) fn check(&self) -> Result<()> {
        let times = self.rules.iter().map(|r| r.time_ms).chain([self.time_ms]);
        if let Some(time) = times.flatten().find(|time| *time <= 0) {
            return Err(Error::invalid(format!(
                "a retention of {time} ms would keep nothing: it must be more than 0"
            )));
        }
        if self.size_bytes == Some(0) {
            return Err(Error::invalid("a retention of 0 bytes would keep nothing"));
        }
        Ok(())
    }
}
