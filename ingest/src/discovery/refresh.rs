//! Discoveries that ask somebody, at once and every refresh interval.
//!
//! Invariant: when nobody answers, what was known stays.

use super::group::Groups;
use super::metrics::Mechanism;
use super::{Context, Discovery, Pending, Report};
use crate::config::DurationMs;

/// Nobody is asked more often than this, in milliseconds.
pub(super) const INTERVAL_MS_MIN: i64 = 1000;

/// Asks somebody for targets.
pub(super) trait Refresh: Send {
    /// Under which name it is counted.
    fn mechanism(&self) -> Mechanism;

    /// How often it asks.
    fn interval(&self) -> DurationMs;

    /// Everything there is now; an error if that cannot be said.
    fn refresh(&mut self) -> Pending<'_, Result<Groups, String>>;
}

/// A discovery that asks every refresh interval.
pub(super) struct Refreshed<R> {
    asked: R,
    context: Context,
}

impl<R: Refresh> Refreshed<R> {
    pub(super) fn new(asked: R, context: Context) -> Self {
        Self { asked, context }
    }

    /// What there is now, where `last` is what there was before.
    async fn refresh(&mut self, last: Option<&Groups>) -> Groups {
        let clock = self.context.clock.clone();
        let began = clock.monotonic();
        let answer = self.asked.refresh().await;
        let took = clock.monotonic().saturating_sub(began);
        let counted = self.context.metrics.of(self.asked.mechanism());
        counted.duration.observe(took);
        answer.unwrap_or_else(|problem| {
            counted.failures.add(1);
            Groups {
                groups: last.map(|last| last.groups.clone()).unwrap_or_default(),
                problems: vec![problem],
            }
        })
    }
}

impl<R: Refresh + 'static> Discovery for Refreshed<R> {
    fn look(&mut self) -> Option<Groups> {
        None
    }

    fn watch(mut self: Box<Self>, report: Report) -> Pending<'static, ()> {
        Box::pin(async move {
            let clock = self.context.clock.clone();
            let interval_ms = self.asked.interval().0.max(INTERVAL_MS_MIN);
            let mut last = None;
            loop {
                let due = clock.now_ms().saturating_add(interval_ms);
                let now = self.refresh(last.as_ref()).await;
                if last.as_ref() != Some(&now) {
                    report(now.clone()).await;
                    last = Some(now);
                }
                clock.sleep_until(due).await;
            }
        })
    }
}
