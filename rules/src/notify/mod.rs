//! Tells Alertmanagers of alerts: each has a queue and a loop of its own, so that one that is down or slow holds up no other.

mod line;
mod notifier;
mod queue;
mod retry;

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{Labels, TimestampMs};

use crate::query::Pending;

pub use notifier::{Alertmanager, Notifier, NotifierOptions};
pub use queue::{BATCH_MAX, CAPACITY, Queue};
pub use retry::{ATTEMPTS_MAX, delay_ms};

/// An alert as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// What tells it from others.
    pub labels: Labels,
    /// Texts for people.
    pub annotations: BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: TimestampMs,
    /// When it ended; while it fires, until when it may be taken as firing if nothing more is heard of it.
    pub ends_at: TimestampMs,
    /// Where its expression can be looked at.
    pub generator_url: String,
}

/// Rewrites the labels of an alert; `None` drops it. Relabelling is not ours, so it comes as a function.
pub type Relabel = Arc<dyn Fn(&Labels) -> Option<Labels> + Send + Sync>;

/// Sends alerts to one Alertmanager.
pub trait AlertSender: Send + Sync {
    /// Sends alerts in one request, which must end by itself within the configured timeout.
    fn send<'a>(&'a self, alerts: &'a [Notification]) -> Pending<'a, Result<(), SendError>>;
}

/// Why alerts could not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendError {
    /// What happened.
    pub message: String,
    /// Whether it may go well later: the connection failed, it took too long, or the status was 429 or 5xx.
    pub may_retry: bool,
}

#[cfg(test)]
mod tests;
