//! The slices of one group.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use narthex_model::{Labels, TimeRange, TimestampMs};

use crate::count::{Bounds, Grid, Slices};

/// The slices of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Which group; empty: all together.
    pub group: Labels,
    /// Its slices.
    pub slices: Slices,
}

/// What was counted in a span of time: a group that is not there has nothing in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The span, whole slices.
    pub span: TimeRange,
    /// The slices of each group that has any, within the span.
    pub tracks: Vec<Track>,
}

impl Layer {
    /// Its slices from `start` on, if it has any.
    pub fn since(mut self, start: TimestampMs) -> Option<Self> {
        if self.span.start < start {
            self.span.start = start.min(self.span.end);
            for track in &mut self.tracks {
                *track = track.within(track.slices.grid.range().intersection(&self.span));
            }
        }
        (!self.span.is_empty()).then_some(self)
    }
}

/// `base` with layers above it, the later above the earlier: in the span of a layer nothing of those below it is seen. Sorted by group, on
/// a grid over all of that and `all`.
pub fn overlay(base: Vec<Track>, layers: Vec<Layer>, all: TimeRange) -> Vec<Track> {
    let above = layers.iter().flat_map(|layer| &layer.tracks);
    let Some(step) = base.iter().chain(above).map(|t| t.slices.grid.step).next() else {
        return Vec::new();
    };
    let spans = base.iter().map(|track| track.slices.grid.range());
    let spans = spans.chain(layers.iter().map(|layer| layer.span));
    let mut joined = Joined {
        grid: Grid::over(spans.fold(all, |a, b| a.union(&b)), step),
        by_group: BTreeMap::new(),
    };
    base.into_iter().for_each(|track| joined.place(track));
    for layer in layers {
        joined.clear(layer.span);
        layer
            .tracks
            .into_iter()
            .for_each(|track| joined.place(track));
    }
    joined.finish()
}

/// Tracks on one grid.
struct Joined {
    grid: Grid,
    by_group: BTreeMap<Labels, Slices>,
}

impl Joined {
    /// Puts the slices of a track in their places.
    fn place(&mut self, track: Track) {
        let (grid, method) = (self.grid, track.slices.method);
        match self.by_group.entry(track.group) {
            Entry::Vacant(place) if track.slices.grid == grid => {
                place.insert(track.slices);
            }
            place => {
                let slices = place.or_insert_with(|| Slices::empty(grid, method));
                slices.method = method;
                copy(&track.slices, slices);
            }
        }
    }

    /// Takes out all slices of a span.
    fn clear(&mut self, span: TimeRange) {
        let slices = self.grid.index(span.start)..self.grid.index(span.end);
        for of in self.by_group.values_mut() {
            let bounds = of.bounds.iter_mut().flat_map(|b| [&mut b.low, &mut b.high]);
            [
                &mut of.good,
                &mut of.total,
                &mut of.bad,
                &mut of.observed_ms,
            ]
            .into_iter()
            .chain(bounds)
            .for_each(|column| column[slices.clone()].fill(0.0));
        }
    }

    fn finish(self) -> Vec<Track> {
        let track = |(group, slices)| Track { group, slices };
        self.by_group.into_iter().map(track).collect()
    }
}

/// Copies slices to their places.
fn copy(from: &Slices, to: &mut Slices) {
    if from.bounds.is_some() {
        to.bounds.get_or_insert_with(|| Bounds {
            low: to.good.clone(),
            high: to.good.clone(),
        });
    }
    let at = to.grid.index(from.grid.start);
    let put = |to: &mut [f64], from: &[f64]| to[at..at + from.len()].copy_from_slice(from);
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

impl Track {
    /// When the first slice begins of which anything is known.
    pub fn begins(&self) -> Option<TimestampMs> {
        let slices = &self.slices;
        let first = (0..slices.grid.len).find(|i| slices.is_known(*i));
        first.map(|first| slices.grid.edge(first))
    }

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
