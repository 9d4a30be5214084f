//! Series in, slices out.

use narthex_model::{TimeRange, TimestampMs};

use super::counter::{self, Across, Observer};
use super::presence::Presence;
use super::{Bounds, Grid, Method, Series, Slices};
use crate::spec::Which;

/// Samples are no further apart than this, as a rule. So far beside those that changed slices are counted anew in any case.
const USUAL_MS: i64 = 300_000;

/// The count of an SLO's events on a grid, by group.
///
/// Series are added in any order. Sums of whole events are exact, so that neither that order nor how the series were divided among
/// tallies that are merged changes a bit of what comes out.
#[derive(Debug, Clone)]
pub struct Tally {
    grid: Grid,
    method: Method,
    which: Which,
    groups: Vec<Group>,
    /// Samples before this time were known when the slices before the grid were counted.
    known_before: TimestampMs,
    reach: TimestampMs,
    ahead: TimestampMs,
}

/// The columns of a group; those that nothing was added to are empty.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) total: Vec<f64>,
    /// The events that are told apart: good or bad.
    pub(super) some: Vec<f64>,
    pub(super) bounds: Option<Bounds>,
    pub(super) presence: Presence,
}

impl Tally {
    /// Nothing yet, for `groups` groups. `which` are the events that will be told apart.
    pub fn new(grid: Grid, groups: usize, method: Method, which: Which) -> Self {
        let group = Group {
            total: vec![0.0; grid.len],
            some: vec![0.0; grid.len],
            bounds: None,
            presence: Presence::new(grid.len),
        };
        Self {
            grid,
            method,
            which,
            groups: vec![group; groups],
            known_before: grid.start,
            reach: grid.start,
            ahead: grid.end(),
        }
    }

    /// The same, where samples before `known_before` were known when the slices before the grid were counted.
    #[must_use]
    pub fn after(self, known_before: TimestampMs) -> Self {
        Self {
            known_before,
            ..self
        }
    }

    /// Nothing yet, for the same groups and slices.
    #[must_use]
    pub fn without_events(&self) -> Self {
        Self::new(self.grid, self.groups.len(), self.method, self.which).after(self.known_before)
    }

    /// Adds a counter of all events of a group, which also tells what was observed.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn total(&mut self, group: usize, series: Series<'_>) {
        let (grid, columns) = (self.grid, &mut self.groups[group]);
        let mut observer = (&grid, &mut columns.presence);
        let across = counter::count(series, &grid, &mut columns.total, &mut observer);
        self.note(across);
    }

    /// Adds a counter of those events of a group that are told apart.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn some(&mut self, group: usize, series: Series<'_>) {
        let columns = &mut self.groups[group];
        let across = counter::count(series, &self.grid, &mut columns.some, &mut Unobserved);
        self.note(across);
    }

    /// The slices.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Earlier than the grid if a series was not seen for a while: since when it had been counting what became known too late for the slices
    /// before the grid, which should be counted again from there on.
    pub fn reaches_back_to(&self) -> TimestampMs {
        self.reach
    }

    /// Later than the grid if a series was not seen for a while: up to when what it counted from within the grid on is divided. If its samples
    /// there are others than they were, so are the slices up to then.
    pub fn reaches_ahead_to(&self) -> TimestampMs {
        self.ahead
    }

    /// Adds what another tally of the same grid, groups and method counted.
    pub fn merge(&mut self, other: &Self) {
        self.reach = self.reach.min(other.reach);
        self.ahead = self.ahead.max(other.ahead);
        for (group, of) in self.groups.iter_mut().zip(&other.groups) {
            // What has no bounds is exact.
            if group.bounds.is_some() || of.bounds.is_some() {
                let bounds = group.bounds_mut();
                add(
                    &mut bounds.low,
                    of.bounds.as_ref().map_or(&of.some, |b| &b.low),
                );
                add(
                    &mut bounds.high,
                    of.bounds.as_ref().map_or(&of.some, |b| &b.high),
                );
            }
            add(&mut group.total, &of.total);
            add(&mut group.some, &of.some);
            group.presence.merge(&of.presence);
        }
    }

    /// The slices of each group.
    pub fn finish(self) -> Vec<Slices> {
        let Self {
            grid,
            method,
            which,
            groups,
            ..
        } = self;
        groups
            .into_iter()
            .map(|group| {
                let observed_ms = group.presence.observed(&grid);
                group.finish(grid, method, which, observed_ms)
            })
            .collect()
    }

    pub(super) fn group(&mut self, group: usize) -> (Grid, &mut Group) {
        (self.grid, &mut self.groups[group])
    }

    /// Takes note of differences across the edges of the grid.
    fn note(&mut self, Across { first, last }: Across) {
        self.note_reach(first);
        if let Some(of) = last.filter(|of| of.end - of.start > USUAL_MS) {
            self.ahead = self.ahead.max(of.end);
        }
    }

    /// Takes note of the time that a difference belongs to, by the sample at its end.
    pub(super) fn note_reach(&mut self, of: Option<TimeRange>) {
        if let Some(of) = of.filter(|of| of.end >= self.known_before) {
            self.reach = self.reach.min(of.start);
        }
    }
}

impl Group {
    /// The columns of bounds, made when they are first needed.
    pub(super) fn bounds_mut(&mut self) -> &mut Bounds {
        // What was counted before is exact.
        self.bounds.get_or_insert_with(|| Bounds {
            low: self.some.clone(),
            high: self.some.clone(),
        })
    }

    fn finish(self, grid: Grid, method: Method, which: Which, observed_ms: Vec<f64>) -> Slices {
        // Milliseconds were added, which are whole.
        let unit = if method == Method::GaugeTime {
            1000.0
        } else {
            1.0
        };
        let total: Vec<f64> = self.total.iter().map(|total| total / unit).collect();
        let rest = self.total.iter().zip(&self.some);
        let rest: Vec<f64> = rest.map(|(total, some)| (total - some) / unit).collect();
        let is_inexact = |b: &Bounds| b.low != self.some || b.high != self.some;
        let bounds = self.bounds.filter(is_inexact);
        let some = self.some.into_iter().map(|some| some / unit).collect();
        let (good, bad) = match which {
            Which::Good => (some, rest),
            Which::Bad => (rest, some),
        };
        Slices {
            grid,
            method,
            good,
            total,
            bad,
            bounds,
            observed_ms,
        }
    }
}

/// Adds column to column.
pub(super) fn add(to: &mut [f64], from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
}

impl Observer for (&Grid, &mut Presence) {
    fn expected(&mut self, from: TimestampMs, to: TimestampMs) {
        self.1.expect(self.0, from, to);
    }

    fn missing(&mut self, from: TimestampMs, to: TimestampMs) {
        self.1.miss(self.0, from, to);
    }
}

/// For series that do not tell what was observed: a counter of errors is not there before the first.
pub(super) struct Unobserved;

impl Observer for Unobserved {
    fn expected(&mut self, _: TimestampMs, _: TimestampMs) {}
    fn missing(&mut self, _: TimestampMs, _: TimestampMs) {}
}
