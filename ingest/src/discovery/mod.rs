//! Where targets come from: each discovery reports groups of addresses, at once or when it heard of them, and whenever
//! they change.
//!
//! Scraping and the telling of Alertmanagers find theirs through the same [`Finder`]. To add a discovery: one file here
//! that implements [`Discovery`], or [`Refresh`] if somebody must be asked again and again, its key in
//! `config/discovery.rs`, and a line in [`prepare`].

mod dns;
mod file;
mod finder;
mod glob;
mod group;
mod http;
mod metrics;
mod prepare;
mod refresh;
mod target_file;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use narthex_model::Clock;

pub(crate) use finder::{Finder, Seeker, SourceId};
pub use glob::glob;
pub(crate) use glob::is_target_file;
pub(crate) use group::{Groups, TargetGroup};
pub use metrics::DiscoveryMetrics;
pub(crate) use prepare::{Prepared, prepare};

/// What all discoveries share.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<DiscoveryMetrics>,
}

/// Work that goes on until it is dropped, or has ended.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Takes what a discovery found.
pub(crate) type Report = Box<dyn Fn(Groups) -> Pending<'static, ()> + Send + Sync>;

/// Finds targets.
pub(crate) trait Discovery: Send {
    /// What there is now, if that can be said without asking anybody.
    fn look(&mut self) -> Option<Groups>;

    /// Reports every later change, until the future is dropped. What `look` could not say is reported first.
    fn watch(self: Box<Self>, report: Report) -> Pending<'static, ()>;
}

#[cfg(test)]
mod tests;
