//! What a counter counted, slice by slice.

use narthex_model::{TimeRange, TimestampMs, is_stale};

use super::interval::Interval;
use super::spread::{Spread, share};
use super::{Grid, Series, Timeline};

/// What is learnt of a series on the way, besides its events.
pub(super) trait Observer {
    /// It was to be seen from `from` to `to`.
    fn expected(&mut self, from: TimestampMs, to: TimestampMs);
    /// Within that it was not.
    fn missing(&mut self, from: TimestampMs, to: TimestampMs);
}

/// The times that the differences at the edges of a grid belong to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Across {
    /// That of the first.
    pub(super) first: Option<TimeRange>,
    /// That of the last, if it ends after the grid.
    pub(super) last: Option<TimeRange>,
}

/// Adds to each slice what `series` counted in it. Returns what lies across the edges of the grid.
pub(super) fn count(
    series: Series<'_>,
    grid: &Grid,
    slices: &mut [f64],
    observer: &mut impl Observer,
) -> Across {
    let mut across = Across::default();
    let Some(mut walk) = Walk::begin(series, grid, slices) else {
        return across;
    };
    while walk.next < walk.timestamps.len() && walk.at < grid.end() {
        let from = walk.step(observer);
        if walk.at > grid.start {
            let of = from.map(|from| TimeRange::new(from, walk.at));
            across.first = across.first.or(of);
            across.last = of.filter(|of| of.end > grid.end());
            match walk.timeline() {
                Some(timeline) => walk.run_along(timeline),
                None => walk.run(),
            }
        }
    }
    observer.expected(walk.since, walk.at);
    across
}

/// The way through a series.
struct Walk<'a> {
    grid: &'a Grid,
    slices: &'a mut [f64],
    timestamps: &'a [TimestampMs],
    values: &'a [f64],
    timeline: Option<&'a Timeline>,
    born: Option<TimestampMs>,
    interval: Interval,
    /// The sample to look at.
    next: usize,
    /// The last sample that counted; before the first, when that counts from.
    at: TimestampMs,
    value: f64,
    /// Since when the series is to be seen.
    since: TimestampMs,
    /// Whether a stale marker came after the last sample.
    ended: bool,
}

impl<'a> Walk<'a> {
    /// Stands at the last sample before the grid, or at the first of all.
    fn begin(series: Series<'a>, grid: &'a Grid, slices: &'a mut [f64]) -> Option<Self> {
        let len = series.timestamps.len().min(series.values.len());
        let (timestamps, values) = (&series.timestamps[..len], &series.values[..len]);
        let within = timestamps.partition_point(|t| *t < grid.start);
        let before = values[..within].iter().rposition(|v| v.is_finite());
        let first = before.or_else(|| values.iter().position(|v| v.is_finite()))?;
        let is_first = !values[..first].iter().any(|v| v.is_finite());
        let (at, value) = (timestamps[first], values[first]);
        let born = series.born.filter(|born| is_first && *born <= at);
        Some(Self {
            grid,
            slices,
            timestamps,
            values,
            timeline: series.timeline,
            interval: Interval::learn(timestamps),
            // One that is born is looked at as a difference to zero.
            next: if born.is_some() { first } else { first + 1 },
            at: born.unwrap_or(at),
            value: if born.is_some() { 0.0 } else { value },
            since: born.unwrap_or(at),
            born,
            ended: false,
        })
    }

    /// Takes the next sample, whatever it is. Returns since when it counted, if it did.
    fn step(&mut self, observer: &mut impl Observer) -> Option<TimestampMs> {
        let (t, v) = (self.timestamps[self.next], self.values[self.next]);
        self.next += 1;
        let distance = t - self.at;
        let born = self.born.take().is_some();
        if !v.is_finite() || (distance <= 0 && !born) {
            self.ended |= is_stale(v);
            return None;
        }
        let is_reset = v < self.value;
        let rest = &self.timestamps[self.next - 1..];
        let is_gap = !self.interval.is_usual(distance) && self.interval.is_gap(distance, rest);
        // What this sample vouches for.
        let seen = self.at.max(t - self.interval.usual());
        let mut from = self.at;
        if is_gap && is_reset && self.ended {
            // It went, and came anew: the time between was not its.
            observer.expected(self.since, self.at);
            self.since = seen;
            from = seen;
        } else if is_gap && !born {
            observer.missing(self.at, seen);
        }
        let delta = if is_reset { v.max(0.0) } else { v - self.value };
        let (grid, to) = (self.grid, t);
        Spread { from, to, delta }.add_to(grid, self.slices);
        (self.at, self.value, self.ended) = (t, v, false);
        Some(from)
    }

    /// The timeline that the samples from the next on can be taken along.
    fn timeline(&self) -> Option<&'a Timeline> {
        let timeline = self.timeline.filter(|t| t.is_of(self.interval))?;
        let last = self.next.checked_sub(1)?;
        // It divides what was counted since the sample before.
        let is_last = self.timestamps[last] == self.at && self.values[last] == self.value;
        is_last.then_some(timeline)
    }

    /// As `run`, where is known how the times lie on the grid.
    fn run_along(&mut self, timeline: &Timeline) {
        let next = timeline.count((self.next, self.at), self.values, self.slices);
        self.ended &= next == self.next;
        (self.next, self.at, self.value) = (next, self.timestamps[next - 1], self.values[next - 1]);
    }

    /// Takes samples as long as they are as usual: the counter rises, the distance is the usual one, and no more than one edge of
    /// a slice lies between. All but a few samples are taken here.
    fn run(&mut self) {
        let (grid, interval) = (self.grid, self.interval);
        // A sample at an edge ends the slice before it.
        let mut index = grid.index(self.at - 1);
        let mut edge = grid.edge(index + 1);
        let (mut at, mut value, mut held) = (self.at, self.value, 0.0);
        let (timestamps, values) = (&self.timestamps[self.next..], &self.values[self.next..]);
        let mut taken = 0;
        for (&t, &v) in timestamps.iter().zip(values) {
            let (distance, delta) = (t - at, v - value);
            if !(interval.is_usual(distance) && (0.0..f64::INFINITY).contains(&delta)) {
                break;
            }
            if t <= edge {
                held += delta;
            } else {
                if t > edge + grid.step || index + 1 >= grid.len {
                    break;
                }
                let part = share(delta, (edge - at) as f64 / distance as f64);
                self.slices[index] += held + part;
                held = delta - part;
                index += 1;
                edge += grid.step;
            }
            (at, value) = (t, v);
            taken += 1;
        }
        if let Some(slice) = self.slices.get_mut(index) {
            *slice += held;
        }
        self.ended &= taken == 0;
        self.next += taken;
        (self.at, self.value) = (at, value);
    }
}
