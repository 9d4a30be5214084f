//! Samples of gauges that compare well, as those of a probe.

use narthex_model::{TimeRange, TimestampMs, is_stale};

use super::compare::holds;
use super::counter::Observer;
use super::interval::Interval;
use super::spread::Spread;
use super::{Series, Tally};
use crate::spec::Comparison;

/// Which samples are good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaugeRule {
    /// How a good one compares.
    pub comparison: Comparison,
    /// With what.
    pub value: f64,
}

/// Counts each sample once, in the slice that it lies in.
///
/// # Panics
/// If there is no such group.
pub fn by_sample(tally: &mut Tally, group: usize, rule: GaugeRule, series: Series<'_>) {
    tally.see(group, series);
    let (grid, columns) = tally.group(group);
    let from = series.timestamps.partition_point(|t| *t < grid.start);
    let (mut slice, mut edge) = (0, grid.edge(1));
    let (mut all, mut good) = (0_u32, 0_u32);
    let mut put = |slice: usize, all: u32, good: u32| {
        columns.total[slice] += f64::from(all);
        columns.some[slice] += f64::from(good);
    };
    for (t, v) in series.timestamps.iter().zip(series.values).skip(from) {
        if *t >= edge {
            put(slice, all, good);
            (all, good) = (0, 0);
            slice = grid.index(*t);
            if slice >= grid.len {
                return;
            }
            edge = grid.edge(slice + 1);
        }
        all += u32::from(!v.is_nan());
        good += u32::from(holds(rule.comparison, *v, rule.value));
    }
    if slice < grid.len {
        put(slice, all, good);
    }
}

/// Counts the seconds up to the next sample, or as long as samples are usually apart, if none comes in time.
///
/// # Panics
/// If there is no such group.
pub fn by_time(tally: &mut Tally, group: usize, rule: GaugeRule, series: Series<'_>) {
    tally.see(group, series);
    let (grid, columns) = tally.group(group);
    let mut interval = Interval::learn(series.timestamps);
    let within = series.timestamps.partition_point(|t| *t < grid.start);
    let samples = series.timestamps.iter().zip(series.values).enumerate();
    for (i, (&from, &v)) in samples.skip(within.saturating_sub(1)) {
        if from >= grid.end() {
            break;
        }
        let to = holds_until(&mut interval, &series.timestamps[i..]);
        if v.is_nan() || to <= from {
            continue;
        }
        let delta = (to - from) as f64;
        let spread = Spread { from, to, delta };
        spread.add_to(&grid, &mut columns.total);
        if holds(rule.comparison, v, rule.value) {
            spread.add_to(&grid, &mut columns.some);
        }
    }
}

/// Until when the first of the samples at `timestamps` counts.
fn holds_until(interval: &mut Interval, timestamps: &[TimestampMs]) -> TimestampMs {
    let from = timestamps[0];
    let Some(next) = timestamps.get(1) else {
        return from + interval.usual();
    };
    let distance = next - from;
    if !interval.is_usual(distance) && interval.is_gap(distance, &timestamps[1..]) {
        return from + interval.usual();
    }
    *next
}

impl Tally {
    /// Takes note of when a gauge was there, and since when the first of its samples in the grid tells that.
    fn see(&mut self, group: usize, series: Series<'_>) {
        let (grid, columns) = self.group(group);
        let reach = observe(series, grid.start, &mut (&grid, &mut columns.presence));
        self.note_reach(reach);
    }
}

/// Tells when a gauge was there: each sample vouches for the time since the one before, or as long as samples are usually apart. Gives the time
/// between the last sample before `start` and the one after it.
fn observe(
    series: Series<'_>,
    start: TimestampMs,
    observer: &mut impl Observer,
) -> Option<TimeRange> {
    let mut interval = Interval::learn(series.timestamps);
    let mut seen: Option<(TimestampMs, TimestampMs)> = None;
    let mut across = None;
    for (i, (&t, &v)) in series.timestamps.iter().zip(series.values).enumerate() {
        if is_stale(v) {
            continue;
        }
        let (since, at) = seen.unwrap_or((t, t));
        let distance = t - at;
        let usual = interval.is_usual(distance) || i == 0;
        if !usual && interval.is_gap(distance, &series.timestamps[i..]) {
            observer.missing(at, t - interval.usual());
        }
        if at < start && start <= t {
            across = Some(TimeRange::new(at, t));
        }
        seen = Some((since, t));
    }
    if let Some((since, at)) = seen {
        observer.expected(since, at);
    }
    across
}
