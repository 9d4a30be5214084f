//! What rules need of the world: queries, a clock, somebody to tell.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, Matcher, Result, TimeRange, TimestampMs};

use crate::VectorSample;
use crate::notify::Notification;

/// A future of one of the traits here.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Evaluates expressions.
pub trait Query: Send + Sync {
    /// Evaluates expressions at one instant, and gives as many answers in the same order. A scalar is a vector of one sample
    /// without labels; a text or a range vector is an error. Nothing an expression reads is written by another one here, so they
    /// may run side by side.
    fn instant<'a>(&'a self, exprs: &'a [Arc<str>], at: TimestampMs) -> Pending<'a, Vec<Found>>;

    /// The last float sample of each series that matches, in a span of time; stale markers count.
    fn last<'a>(
        &'a self,
        matchers: &'a [Matcher],
        within: TimeRange,
    ) -> Pending<'a, Result<Vec<LastSample>>>;
}

/// What an expression gave.
#[derive(Debug)]
pub struct Found {
    /// The samples.
    pub result: Result<Vec<VectorSample>>,
    /// How long it took.
    pub took: Duration,
}

/// The last sample of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct LastSample {
    /// The series.
    pub labels: Labels,
    /// When.
    pub timestamp: TimestampMs,
    /// The value; may be the stale marker.
    pub value: f64,
}

/// Is told of alerts.
pub trait Notify: Send + Sync {
    /// Takes alerts that should be sent; must not block.
    fn notify(&self, alerts: Vec<Notification>);
}
