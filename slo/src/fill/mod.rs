//! From what is stored to slices: which series count for what, and how they are read.
//!
//! Series are read in batches by several threads, each with a tally of its own.

mod batches;
mod births;
mod bound;
mod counting;
mod events;
mod gauge;
mod groups;
mod latency;
mod lives;
mod native;
mod queries;
mod room;
mod timelines;

use narthex_model::{Result, TimeRange, TimestampMs};

use crate::count::Grid;
use crate::ledger::Track;
use crate::spec::{Counted, Indicator, Selector, Slo};
use crate::store::{Chosen, Store};
use births::Births;
pub(crate) use groups::group;

/// What was counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// The slices that were counted.
    pub span: TimeRange,
    /// The slices of each group that has series in the span.
    pub tracks: Vec<Track>,
    /// Before the span if a series was not seen for a while: since when it had been counting what became known too late for the slices before.
    pub reaches_back_to: TimestampMs,
    /// After the span if a series was not seen for a while: up to when what it counted from within the span on is divided.
    pub reaches_ahead_to: TimestampMs,
    /// How many series were counted.
    pub series: usize,
    /// About how many samples were read.
    pub samples: u64,
}

impl Filled {
    /// The time before the span whose slices lack what was counted there; empty as a rule.
    pub fn reached(&self) -> TimeRange {
        TimeRange::new(self.reaches_back_to, self.span.start)
    }

    /// The time after the span whose slices have part of what was counted from there on; empty as a rule.
    pub fn ahead(&self) -> TimeRange {
        TimeRange::new(self.span.end, self.reaches_ahead_to)
    }
}

/// How counting goes about it.
#[derive(Debug, Clone, Copy)]
pub struct FillOptions {
    /// How many threads read; at least 1.
    pub threads: usize,
    /// Where a series is seen again only so long after the slices, what it counted meanwhile still belongs to them; in milliseconds.
    pub ahead_ms: i64,
    /// Samples so long after the beginning of the span were known when the slices before it were counted; in milliseconds.
    pub known_ms: i64,
}

impl FillOptions {
    /// So many threads, and as far ahead as samples are apart at most, as a rule.
    pub fn threads(threads: usize) -> Self {
        Self {
            threads,
            ahead_ms: NEAR_MS,
            known_ms: NEAR_MS,
        }
    }

    /// The same, as far ahead as is ever looked back.
    #[must_use]
    pub fn far_ahead(self) -> Self {
        Self {
            ahead_ms: LOOK_BACK_MS,
            ..self
        }
    }
}

/// What a count is about.
#[derive(Clone, Copy)]
struct Work<'a> {
    store: &'a dyn Store,
    slo: &'a Slo,
    grid: Grid,
    /// The time whose samples are read.
    read: TimeRange,
    births: &'a Births<'a>,
    options: FillOptions,
}

/// A sample this much older than the slices still counts as the one before the first. A series that was away for longer begins anew.
pub(crate) const LOOK_BACK_MS: i64 = 86_400_000;

/// Most series were seen this shortly before; only of others is looked back for longer.
const NEAR_MS: i64 = 300_000;

/// A sample that counts by time does so for at most so long, if none comes after it.
const HELD_MS: i64 = 3_600_000;

/// The time whose samples are read: a little before and after the slices, too.
fn to_read(slo: &Slo, grid: &Grid, options: FillOptions) -> TimeRange {
    let before = match slo.indicator {
        Indicator::Gauge { by_time: true, .. } => HELD_MS,
        _ => NEAR_MS,
    };
    TimeRange::new(
        grid.start.saturating_sub(before),
        grid.end().saturating_add(options.ahead_ms),
    )
}

impl Work<'_> {
    /// Samples before this time were known when the slices before the grid were counted.
    fn known_before(&self) -> TimestampMs {
        self.grid.start.saturating_add(self.options.known_ms)
    }

    /// The series of a selector that may have samples in the time that is read.
    fn select(&self, selector: &Selector) -> Result<Box<dyn Chosen>> {
        self.store.select(&selector.matchers, self.read)
    }

    /// Those of each selector.
    fn select_all(&self, counted: &Counted) -> Result<Vec<Box<dyn Chosen>>> {
        counted.0.iter().map(|of| self.select(of)).collect()
    }
}

/// Counts the slices that `span` touches; of those of many groups as many of the first as there is room for.
///
/// # Errors
/// Whatever the store says; `Limit` if there are too many groups; `Invalid` for an SLO that is made of others, which has no slices of its own.
pub fn fill(store: &dyn Store, slo: &Slo, span: TimeRange, options: FillOptions) -> Result<Filled> {
    let grid = Grid::over(span, slo.slice_ms);
    let grid = room::fitting(store, slo, grid, options)?;
    let read = to_read(slo, &grid, options);
    let births = Births::new(store, read, slo.missing.first_sample);
    let work = Work {
        store,
        slo,
        grid,
        read,
        births: &births,
        options,
    };
    match &slo.indicator {
        Indicator::Events { total, some, which } => events::count(work, total, some, *which),
        Indicator::Latency { buckets, threshold } => latency::count(work, buckets, *threshold),
        Indicator::NativeLatency {
            histograms,
            threshold,
        } => native::count(work, histograms, *threshold),
        Indicator::Gauge {
            gauges,
            comparison,
            value,
            by_time,
        } => gauge::count(work, gauges, (*comparison, *value), *by_time),
        Indicator::Queries { total, some, which } => queries::events(work, total, some, *which),
        Indicator::ErrorRatio { query } => queries::ratio(work, query),
        Indicator::Composite { .. } => Err(narthex_model::Error::invalid(
            "an SLO that is made of others has no slices of its own",
        )),
    }
}
