//! The nouns every crate shares: labels, matchers, samples, histograms, time, write batches, and what an ack promises.
//!
//! Nothing here does I/O, reads a clock or starts a thread.
//! A timestamp is `i64` milliseconds since the Unix epoch; a [`TimeRange`] is half-open.

mod batch;
mod clock;
mod columns;
mod duration;
mod error;
mod histogram;
mod labels;
mod matcher;
mod metadata;
mod reading;
mod sink;
mod time;
mod value;

pub use batch::{Exemplar, HistogramSample, MetadataEntry, WriteBatch};
pub use clock::{Clock, Sleep};
pub use columns::{
    HISTOGRAMS_COLUMN, MARKERS_COLUMN, STARTS_COLUMN, TIMESTAMPS_COLUMN, VALUES_COLUMN,
    column_label, histogram_item, label_column,
};
pub use duration::{DurationError, format_duration, parse_duration};
pub use error::{Error, ErrorKind, Result};
pub use histogram::{Histogram, HistogramError, HistogramRef, ResetHint, Span};
pub use labels::{Label, LabelError, Labels, LabelsRef, METRIC_NAME, push_canonical};
pub use matcher::{MatchOp, Matcher, anchored_regex};
pub use metadata::{Metadata, MetricType};
pub use reading::{Counter, Gauge, Reading, ReadingKind, Summary};
pub use sink::{Receipt, Rejection, RejectionReason, Sink, SinkFuture};
pub use time::{TimeRange, TimestampMs};
pub use value::{
    STALE_NAN_BITS, format_exponent, format_float, is_stale, parse_float, push_float, stale_nan,
};
