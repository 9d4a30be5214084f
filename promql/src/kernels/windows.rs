//! Which samples lie in which window.

use std::collections::HashMap;

use super::counter::Extensions;

/// A window per step: it ends at `first_end + step * interval` (included) and starts `range` before (excluded).
/// Milliseconds. An `interval` of 0 lays all windows over each other, as a pinned selector (`@`) wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(crate) first_end: i64,
    pub(crate) interval: i64,
    pub(crate) steps: usize,
    pub(crate) range: i64,
}

impl Windows {
    /// The last instant inside the window of `step`.
    pub(crate) fn end(&self, step: usize) -> i64 {
        self.first_end
            .saturating_add(self.interval.saturating_mul(step as i64))
    }

    /// The instant just before the window of `step`.
    pub(crate) fn start(&self, step: usize) -> i64 {
        self.end(step).saturating_sub(self.range)
    }

    /// Writes the bounds of every window over `timestamps` (increasing) into `bounds`.
    fn lay(&self, timestamps: &[i64], bounds: &mut Vec<(u32, u32)>) {
        bounds.clear();
        bounds.reserve(self.steps);
        let (mut starts, mut ends) = (Edge::default(), Edge::default());
        for step in 0..self.steps {
            let lo = starts.advance(timestamps, self.start(step));
            ends.at = ends.at.max(lo);
            let hi = ends.advance(timestamps, self.end(step));
            bounds.push((lo as u32, hi as u32));
        }
    }
}

/// Where the windows begin, or end, among timestamps.
#[derive(Default)]
struct Edge {
    at: usize,
    /// How far it moved last: samples are spaced evenly for the most part, and so are windows.
    hop: usize,
}

impl Edge {
    /// Moves to the first timestamp that is later than `limit`.
    fn advance(&mut self, timestamps: &[i64], limit: i64) -> usize {
        let guess = self.at + self.hop;
        let before = guess == 0 || timestamps.get(guess - 1).is_some_and(|t| *t <= limit);
        if before && timestamps.get(guess).is_none_or(|t| *t > limit) {
            self.at = guess;
        } else {
            let found = search(timestamps, self.at, limit);
            self.hop = found - self.at;
            self.at = found;
        }
        self.at
    }
}

/// The first index at or after `from` whose timestamp is later than `limit`: a few steps ahead in the usual case, a
/// doubling search when the windows jump far.
fn search(timestamps: &[i64], from: usize, limit: i64) -> usize {
    let rest = &timestamps[from..];
    let mut reach = 1;
    while reach < rest.len() && rest[reach] <= limit {
        reach *= 2;
    }
    let near = &rest[..rest.len().min(reach + 1)];
    if reach <= 8 {
        return from + near.iter().take_while(|t| **t <= limit).count();
    }
    from + near.partition_point(|t| *t <= limit)
}

/// The windows over timestamps, and what follows from these alone.
#[derive(Default)]
pub(crate) struct Timeline {
    /// Per step, the samples inside its window: first index, and first index after.
    pub(crate) bounds: Vec<(u32, u32)>,
    /// How growth is extended to the edges, once somebody asks.
    pub(crate) extensions: Extensions,
}

impl Timeline {
    /// That of `windows` over `timestamps`.
    pub(crate) fn lay(windows: &Windows, timestamps: &[i64]) -> Self {
        let mut timeline = Self::default();
        windows.lay(timestamps, &mut timeline.bounds);
        timeline
    }
}

/// The timelines of many series, which share their timestamps in memory if they are equal.
pub(crate) struct Timelines<'a> {
    windows: &'a Windows,
    /// By where the timestamps are: these do not change while they are borrowed.
    laid: HashMap<(usize, usize), Timeline>,
}

impl<'a> Timelines<'a> {
    pub(crate) fn new(windows: &'a Windows) -> Self {
        Self {
            windows,
            laid: HashMap::new(),
        }
    }

    /// The windows over `timestamps`.
    pub(crate) fn of(&mut self, timestamps: &'a [i64]) -> &Timeline {
        let place = (timestamps.as_ptr() as usize, timestamps.len());
        let lay = || Timeline::lay(self.windows, timestamps);
        self.laid.entry(place).or_insert_with(lay)
    }
}

/// The bounds of the series last looked at. Series of one target are neighbours and have the same timestamps, so most
/// series find their bounds here.
pub(crate) struct BoundsCache {
    windows: Windows,
    timestamps: Vec<i64>,
    bounds: Vec<(u32, u32)>,
    filled: bool,
}

impl BoundsCache {
    pub(crate) fn new(windows: Windows) -> Self {
        Self {
            windows,
            timestamps: Vec::new(),
            bounds: Vec::new(),
            filled: false,
        }
    }

    /// The bounds over `timestamps`.
    pub(crate) fn bounds(&mut self, timestamps: &[i64]) -> (&[(u32, u32)], &Windows) {
        if !self.filled || self.timestamps != timestamps {
            self.windows.lay(timestamps, &mut self.bounds);
            self.timestamps.clear();
            self.timestamps.extend_from_slice(timestamps);
            self.filled = true;
        }
        (&self.bounds, &self.windows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn like_a_filter(
            mut timestamps in prop::collection::vec(-200_i64..2_000, 0..120),
            first_end in -300_i64..1_000, interval in 0_i64..700, steps in 1_usize..20, range in 0_i64..900,
        ) {
            timestamps.sort_unstable();
            timestamps.dedup();
            let windows = Windows { first_end, interval, steps, range };
            let mut cache = BoundsCache::new(windows.clone());
            let (bounds, _) = cache.bounds(&timestamps);
            for (step, (lo, hi)) in bounds.iter().enumerate() {
                let inside: Vec<_> = timestamps.iter().filter(|t| windows.start(step) < **t && **t <= windows.end(step)).collect();
                prop_assert_eq!(timestamps[*lo as usize..*hi as usize].iter().collect::<Vec<_>>(), inside);
            }
        }
    }
}
