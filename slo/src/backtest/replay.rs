//! What a policy would have said.

use narthex_model::{Result, TimeRange, TimestampMs};

use crate::budget::Meter;
use crate::burn::{AlertLife, Phase, Watch};
use crate::spec::{Missing, Policy, Window};

/// A time in which an alert fires.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Firing {
    /// Since its condition holds.
    pub active_at: TimestampMs,
    /// From when it fires to when it ends, or to the end of what was looked at.
    pub span: TimeRange,
    /// The value of its condition when it began to fire.
    pub value: f64,
    /// Whether it still fires at the end.
    pub ongoing: bool,
}

/// When the alert of `policy` would have fired in `span`, evaluated every `step_ms`, but no more often than slices end: in between nothing
/// changes. What came before `span` is looked at, but no alert
/// is active when it begins.
///
/// # Errors
/// If the window's zone is not known.
pub fn replay(
    policy: &Policy,
    meter: &Meter,
    window: &Window,
    missing: &Missing,
    span: TimeRange,
    step_ms: i64,
) -> Result<Vec<Firing>> {
    let step_ms = step_ms.max(meter.slice_ms());
    let mut watch = Watch::new(policy, window, missing)?;
    let mut life = AlertLife::new(policy.for_ms, policy.keep_firing_ms);
    let mut fired: Vec<Firing> = Vec::new();
    let (mut active_at, mut open) = (span.start, false);
    let mut at = span.start.saturating_add(step_ms);
    while at <= span.end {
        let reading = watch.read(meter, at);
        match life.step(at, reading.verdict) {
            Phase::Inactive => {
                close(&mut fired, &mut open, at);
                active_at = at.saturating_add(step_ms);
            }
            Phase::Pending(since) => active_at = since,
            Phase::Firing(since) if !open => {
                open = true;
                fired.push(Firing {
                    active_at: active_at.min(since),
                    span: TimeRange::new(since, span.end),
                    value: reading.value,
                    ongoing: true,
                });
            }
            Phase::Firing(_) => (),
        }
        at = at.saturating_add(step_ms);
    }
    Ok(fired)
}

fn close(fired: &mut [Firing], open: &mut bool, at: TimestampMs) {
    if let Some(firing) = fired.last_mut().filter(|_| std::mem::take(open)) {
        firing.span.end = at;
        firing.ongoing = false;
    }
}
