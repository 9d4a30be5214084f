//! Whether the store has samples of the rules' metrics at instants that are not theirs: both together would count twice in sums
//! over time.

use std::collections::HashSet;

use narthex_engine::Engine;
use narthex_model::{Error, Result, TimeRange, TimestampMs, is_stale};

use super::rule::Running;
use crate::times::format_time;

/// Series that are read at once.
const SERIES_AT_ONCE: usize = 512;

/// Looks for such samples.
///
/// # Errors
/// `Invalid` if there is one; what the engine says.
pub(super) fn check(engine: &Engine, rules: &[&Running], range: TimeRange) -> Result<()> {
    let mut seen = HashSet::new();
    for rule in rules.iter().filter(|rule| seen.insert(&rule.source)) {
        let same: Vec<_> = rules.iter().filter(|r| r.name() == rule.name()).collect();
        let is_ours = |t| same.iter().any(|rule| rule.instants.are_at(t));
        if let Some(t) = other(engine, rule, range, is_ours)? {
            return Err(Error::invalid(format!(
                "the store has samples of {} that were recorded at other instants, for example at {}: end before them with --end, name the file \
                 of the rule and its interval as the server does, or record both with --mix-schedules",
                rule.name(),
                format_time(t)
            )));
        }
    }
    Ok(())
}

/// The time of a sample that is not ours.
fn other(
    engine: &Engine,
    rule: &Running,
    range: TimeRange,
    is_ours: impl Fn(TimestampMs) -> bool,
) -> Result<Option<TimestampMs>> {
    let selection = engine.snapshot().select(&rule.matchers(), range)?;
    for start in (0..selection.len()).step_by(SERIES_AT_ONCE) {
        let positions = start..selection.len().min(start + SERIES_AT_ONCE);
        let columns = selection.read(positions.clone())?;
        for at in 0..positions.len() {
            // The end of a series may be at any time.
            let mut values = columns.samples(at).filter(|(_, value)| !is_stale(*value));
            if let Some((t, _)) = values.find(|(t, _)| !is_ours(*t)) {
                return Ok(Some(t));
            }
        }
    }
    Ok(None)
}
