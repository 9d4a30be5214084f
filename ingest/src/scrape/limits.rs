//! What a scrape may not exceed; each limit fails the whole scrape.

use super::ScrapeError;
use crate::config::ScrapeConfig;
use crate::relabel::LabelSet;
use narthex_model::METRIC_NAME;

/// Limits of a job; 0 means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Limits {
    /// Samples after relabelling.
    pub(crate) samples: u64,
    /// Labels of a series, those of the target and the name included.
    pub(crate) labels: u64,
    /// Bytes of a label's name.
    pub(crate) name_bytes: u64,
    /// Bytes of a label's value.
    pub(crate) value_bytes: u64,
    /// Targets of the job.
    pub(crate) targets: u64,
}

impl Limits {
    /// The limits of a job.
    pub(crate) fn new(job: &ScrapeConfig) -> Self {
        Self {
            samples: job.sample_limit.unwrap_or(0),
            labels: job.label_limit.unwrap_or(0),
            name_bytes: job.label_name_length_limit.unwrap_or(0),
            value_bytes: job.label_value_length_limit.unwrap_or(0),
            targets: job.target_limit.unwrap_or(0),
        }
    }

    /// Whether there may be `count` samples.
    pub(crate) fn check_samples(&self, count: u64) -> Result<(), ScrapeError> {
        match exceeded(count, self.samples) {
            true => Err(ScrapeError::SampleLimit {
                found: count,
                limit: self.samples,
            }),
            false => Ok(()),
        }
    }

    /// Whether a series may have these labels.
    pub(crate) fn check_labels(&self, labels: &LabelSet) -> Result<(), ScrapeError> {
        let metric = || shorten(labels.get(METRIC_NAME));
        let found = labels.len() as u64;
        if exceeded(found, self.labels) {
            return Err(ScrapeError::LabelLimit {
                metric: metric(),
                found,
                limit: self.labels,
            });
        }
        for (name, value) in labels.iter() {
            for (what, text, limit) in [
                ("name", name, self.name_bytes),
                ("value", value, self.value_bytes),
            ] {
                let found = text.len() as u64;
                if exceeded(found, limit) {
                    let (metric, label) = (metric(), shorten(name));
                    return Err(ScrapeError::LabelLength {
                        metric,
                        what,
                        label,
                        found,
                        limit,
                    });
                }
            }
        }
        Ok(())
    }
}

fn exceeded(found: u64, limit: u64) -> bool {
    limit > 0 && found > limit
}

/// Enough of a text to know which one it is.
fn shorten(text: &str) -> String {
    text.chars().take(50).collect()
}
