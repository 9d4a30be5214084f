//! The seam to time: loops ask a [`Clock`], so tests move time by hand.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::TimestampMs;

/// A future that ends when a clock has reached some time.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Tells the time and waits for it.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now_ms(&self) -> TimestampMs;

    /// Time since some fixed moment; never goes back. For measuring how long something took.
    fn monotonic(&self) -> Duration;

    /// Ends as soon as [`Clock::now_ms`] is `due` or later.
    fn sleep_until(&self, due: TimestampMs) -> Sleep<'_>;
}
