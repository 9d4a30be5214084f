//! Why a scrape failed. The text is what users read as the target's last error.

use narthex_formats::ParseError;
use narthex_model::{Error, LabelError};

/// Why a scrape failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScrapeError {
    /// No connection, no answer, a broken answer.
    #[error("{0}")]
    Request(String),
    /// A file with credentials cannot be read.
    #[error("{0}")]
    Credentials(Error),
    /// Too slow.
    #[error("no complete answer within {0}")]
    Timeout(crate::config::DurationMs),
    /// Not 200.
    #[error("server returned HTTP status {0}")]
    Status(reqwest::StatusCode),
    /// The body is larger than `body_size_limit`.
    #[error("body size limit exceeded: more than {0}")]
    BodySize(crate::config::ByteSize),
    /// Not a format we read.
    #[error("{0}")]
    Format(Error),
    /// The body does not follow its format.
    #[error("{0}")]
    Parse(ParseError),
    /// The samples with their labels are larger than a batch may be.
    #[error("too many samples for one batch: more than {0} bytes with their labels")]
    BatchSize(usize),
    /// Labels that form no set.
    #[error("{series}: {cause}")]
    Labels { series: String, cause: LabelError },
    /// Relabelling took the name away.
    #[error("{0}: no metric name after relabelling")]
    NoName(String),
    /// More samples than `sample_limit`.
    #[error("sample limit exceeded: {found} samples, the limit is {limit}")]
    SampleLimit { found: u64, limit: u64 },
    /// More labels than `label_limit`.
    #[error("{metric}: label limit exceeded: {found} labels, the limit is {limit}")]
    LabelLimit {
        metric: String,
        found: u64,
        limit: u64,
    },
    /// A label name longer than `label_name_length_limit`, or a value longer than `label_value_length_limit`.
    #[error(
        "{metric}: {what} of label \"{label}\" is too long: {found} bytes, the limit is {limit}"
    )]
    LabelLength {
        metric: String,
        what: &'static str,
        label: String,
        found: u64,
        limit: u64,
    },
    /// The job has more targets than `target_limit`.
    #[error("target limit exceeded: {found} targets, the limit is {limit}")]
    TargetLimit { found: u64, limit: u64 },
}
