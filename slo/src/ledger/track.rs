//! The slices of one group.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use narthex_model::{Labels, TimeRange};

use crate::count::{Bounds, Grid, Slices};

/// The slices of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Which group; empty: all together.
    pub group: Labels,
    /// Its slices.
    pub slices: Slices,
}

/// Tracks whose spans of time are apart, as one track for each group, sorted by group.
pub fn join(parts: impl IntoIterator<Item = Track>) -> Vec<Track> {
    let parts: Vec<Track> = parts.into_iter().collect();
    let spans = parts.iter().map(|track| track.slices.grid.range());
    let Some((span, first)) = spans.reduce(|a, b| a.union(&b)).zip(parts.first()) else {
        return Vec::new();
    };
    let grid = Grid::over(span, first.slices.grid.step);
    let mut joined = Joined::new(grid);
    for track in parts {
        joined.place(track, NOTHING);
    }
    joined.finish()
}

/// `base`, with the slices of `over` in place of its own in `span`: a group that is not there has nothing in these. Sorted by group, on a
/// grid over all of that and `all`.
pub fn overlay(base: Vec<Track>, over: Vec<Track>, span: TimeRange, all: TimeRange) -> Vec<Track> {
    let tracks = base.iter().chain(&over);
    let Some(step) = tracks.map(|t| t.slices.grid.step).next() else {
        return Vec::new();
    };
    let spans = base.iter().map(|track| track.slices.grid.range());
    let all = spans.fold(all.union(&span), |a, b| a.union(&b));
    let mut joined = Joined::new(Grid::over(all, step));
    for track in base {
        joined.place(track, span);
    }
    for track in over {
        joined.place(track, NOTHING);
    }
    joined.finish()
}

const NOTHING: TimeRange = TimeRange { start: 0, end: 0 };

/// Tracks on one grid.
struct Joined {
    grid: Grid,
    by_group: BTreeMap<Labels, Slices>,
}

impl Joined {
    fn new(grid: Grid) -> Self {
        Self {
            grid,
            by_group: BTreeMap::new(),
        }
    }

    /// Puts the slices of a track in their places, but for those in `except`.
    fn place(&mut self, track: Track, except: TimeRange) {
        if track.slices.grid == self.grid
            && except.is_empty()
            && let Entry::Vacant(place) = self.by_group.entry(track.group.clone())
        {
            place.insert(track.slices);
            return;
        }
        let (grid, method) = (self.grid, track.slices.method);
        let place = self.by_group.entry(track.group);
        let slices = place.or_insert_with(|| Slices::empty(grid, method));
        slices.method = method;
        copy(&track.slices, slices, except);
    }

    fn finish(self) -> Vec<Track> {
        let track = |(group, slices)| Track { group, slices };
        self.by_group.into_iter().map(track).collect()
    }
}

/// Copies slices to their places, but for those in `except`.
fn copy(from: &Slices, to: &mut Slices, except: TimeRange) {
    let all = from.grid.range();
    let before = TimeRange::new(all.start, all.end.min(except.start));
    let after = TimeRange::new(all.start.max(except.end), all.end);
    let spans = if except.is_empty() {
        vec![all]
    } else {
        vec![before, after]
    };
    if from.bounds.is_some() {
        to.bounds.get_or_insert_with(|| Bounds {
            low: to.good.clone(),
            high: to.good.clone(),
        });
    }
    for span in spans.into_iter().filter(|span| !span.is_empty()) {
        let source = from.grid.index(span.start)..from.grid.index(span.end);
        let at = to.grid.index(span.start);
        let put = |to: &mut [f64], from: &[f64]| {
            to[at..at + source.len()].copy_from_slice(&from[source.clone()]);
        };
        put(&mut to.good, &from.good);
        put(&mut to.total, &from.total);
        put(&mut to.bad, &from.bad);
        put(&mut to.observed_ms, &from.observed_ms);
        if let Some(bounds) = &mut to.bounds {
            let theirs = from.bounds.as_ref();
            put(&mut bounds.low, theirs.map_or(&from.good, |b| &b.low));
            put(&mut bounds.high, theirs.map_or(&from.good, |b| &b.high));
        }
    }
}

impl Track {
    /// Its slices in `span`, which begins and ends with slices, and lies within its own.
    pub(super) fn within(&self, span: TimeRange) -> Self {
        let grid = Grid::over(span, self.slices.grid.step);
        let from = self.slices.grid.index(span.start);
        let part = |column: &[f64]| column[from..from + grid.len].to_vec();
        let slices = &self.slices;
        let bounds = |bounds: &Bounds| Bounds {
            low: part(&bounds.low),
            high: part(&bounds.high),
        };
        Self {
            group: self.group.clone(),
            slices: Slices {
                grid,
                method: slices.method,
                good: part(&slices.good),
                total: part(&slices.total),
                bad: part(&slices.bad),
                bounds: slices.bounds.as_ref().map(bounds),
                observed_ms: part(&slices.observed_ms),
            },
        }
    }
}
