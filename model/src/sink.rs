//! Where samples are written, and what the answer promises.

use std::future::Future;
use std::pin::Pin;

use crate::{HistogramError, Labels, Result, TimestampMs, WriteBatch};

/// The future of a write.
pub type SinkFuture<'a> = Pin<Box<dyn Future<Output = Result<Receipt>> + Send + 'a>>;

/// A place that keeps samples.
pub trait Sink: Send + Sync {
    /// Stores a batch.
    ///
    /// `Ok` is an ack: every sample of the batch that the receipt does not list as rejected is on disk as the
    /// configured durability says (by default: fsynced), and is visible to queries. The same sample written again
    /// within the out-of-order window is a success and is kept once; later it is refused as too old if it is in a block already.
    /// Where another value was stored for the same time, the later one counts. An error means nothing may be assumed; writing the same batch again is safe.
    ///
    /// # Errors
    /// `Limit` if the batch is too large, `Unavailable` if the disk is full or failing, `Closed` after shutdown.
    fn write(&self, batch: WriteBatch) -> SinkFuture<'_>;
}

/// What became of the float and histogram samples of a batch. Exemplars and metadata are not counted: they are stored as far
/// as their bounds allow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Receipt {
    /// Samples stored, duplicates included.
    pub stored: u64,
    /// Samples refused.
    pub rejected: u64,
    /// The first few refused samples, for the error message.
    pub examples: Vec<Rejection>,
}

impl Receipt {
    /// How many rejected samples are described in [`Receipt::examples`].
    pub const EXAMPLES_MAX: usize = 5;

    /// Counts a refused sample and keeps it as an example while there is room.
    pub fn reject(&mut self, rejection: impl FnOnce() -> Rejection) {
        self.rejected += 1;
        if self.examples.len() < Self::EXAMPLES_MAX {
            self.examples.push(rejection());
        }
    }
}

/// A refused sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejection {
    /// Its series.
    pub labels: Labels,
    /// Its timestamp.
    pub timestamp: TimestampMs,
    /// Why.
    pub reason: RejectionReason,
}

/// Why a sample is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectionReason {
    /// Not newer than the newest sample of its series, and older than the newest of the store by more than the
    /// out-of-order window.
    TooOld,
    /// The samples not yet in blocks are spread over too many spans of time.
    TooManyWindows,
    /// Too far in the future.
    TooFarInFuture,
    /// A native histogram that makes no sense.
    Histogram(HistogramError),
}

impl RejectionReason {
    /// The words of the error message, as in Prometheus where it has the same reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooOld => "too old sample",
            Self::TooManyWindows => {
                "samples are spread over too many hours at once; send them in order of time"
            }
            Self::TooFarInFuture => "sample is too far in the future",
            Self::Histogram(error) => error.as_str(),
        }
    }
}
