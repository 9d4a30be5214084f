//! SLOs that are made of others.

use std::sync::Arc;

use narthex_model::{Result, TimeRange};

use super::sums::Sums;
use super::{Book, Meter, View};
use crate::count::{Grid, Method, Slices};
use crate::ledger::Spans;
use crate::spec::{Budgeting, Objective, Slo};
use crate::time::excluded;

/// What the numbers of a book are made of.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// The slices of all groups together.
    Slices(Box<Slices>),
    /// The stretches of a composite, and those without what its parts exclude, where that is another.
    Stretches(Box<Joined>, Option<Box<Joined>>),
    /// Of a composite by occurrences, what it is made of in the end, however many composites lie between.
    Parts(Vec<Leaf>),
}

/// The stretches of all parts together.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    /// Each is a slice of one event.
    slices: Slices,
    /// How much of each something can be said of: parts may count as good or bad what was not observed.
    judged_ms: Vec<f64>,
}

/// Something that is no composite by occurrences, and how much it counts in one.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    book: Arc<Book>,
    weight: f64,
    /// What is excluded by the composites that lie between, and not by itself.
    excluded: Spans,
}

impl Source {
    /// The meter of all of it.
    pub(super) fn meter(&self, slo: &Slo, excluded: &Spans) -> Meter {
        match self {
            Self::Slices(slices) => Meter::new(slices, slo.objective, &slo.missing, excluded),
            Self::Stretches(raw, adjusted) => {
                let is_touched = excluded.overlaps(raw.slices.grid.range());
                let adjusted = adjusted.as_ref().or(is_touched.then_some(raw));
                let adjusted = adjusted.map(|of| of.sums(slo, excluded));
                Meter::own(slo.objective, raw.sums(slo, &Spans::default()), adjusted)
            }
            Self::Parts(leaves) => {
                let meters = leaves
                    .iter()
                    .map(|leaf| (leaf.book.without(&leaf.excluded), leaf.weight));
                Meter::weighted(meters.collect(), slo.objective)
            }
        }
    }
}

impl Joined {
    fn sums(&self, slo: &Slo, excluded: &Spans) -> Sums {
        Sums::new(&self.slices, excluded, &slo.objective, &slo.missing).judging(&self.judged_ms)
    }
}

/// What a composite is made of. What it and its parts exclude holds for each of them.
///
/// # Errors
/// If an exclusion cannot be understood.
pub(super) fn source(slo: &Slo, parts: &[(Arc<Book>, f64)]) -> Result<(Source, Spans)> {
    let known = known(parts);
    let excluded = excluded(&slo.exclusions, known)?;
    let Some(step) = slo.objective.budgeting.stretch_ms() else {
        return Ok((Source::Parts(leaves(parts, &excluded)), excluded));
    };
    let grid = Grid::over(known, step);
    let of = |view| Box::new(stretches(parts, &slo.objective, grid, view));
    let adjusted = parts
        .iter()
        .any(|(part, _)| part.all().has_exclusions())
        .then(|| of(View::Adjusted));
    Ok((Source::Stretches(of(View::Raw), adjusted), excluded))
}

/// The time that something is known of in any part.
fn known(parts: &[(Arc<Book>, f64)]) -> TimeRange {
    let known = parts.iter().map(|(part, _)| part.all().known());
    let known = known.filter(|known| !known.is_empty());
    known
        .reduce(|a, b| a.union(&b))
        .unwrap_or(TimeRange::new(0, 0))
}

/// The parts with those of composites by occurrences in their places, each once: so a question takes no longer for being asked of
/// composites of composites.
fn leaves(parts: &[(Arc<Book>, f64)], excluded: &Spans) -> Vec<Leaf> {
    let mut all: Vec<Leaf> = Vec::new();
    let mut add = |leaf: Leaf| {
        let is_same = |other: &&mut Leaf| {
            Arc::ptr_eq(&other.book, &leaf.book) && other.excluded == leaf.excluded
        };
        match all.iter_mut().find(is_same) {
            Some(same) => same.weight += leaf.weight,
            None => all.push(leaf),
        }
    };
    for (book, weight) in parts {
        match book.source() {
            Source::Slices(_) | Source::Stretches(..) => add(Leaf {
                book: book.clone(),
                weight: *weight,
                excluded: excluded.clone(),
            }),
            Source::Parts(inner) => inner.iter().for_each(|leaf| {
                add(Leaf {
                    book: leaf.book.clone(),
                    weight: leaf.weight * weight,
                    excluded: leaf.excluded.iter().chain(excluded.iter()).collect(),
                });
            }),
        }
    }
    all
}

/// The stretches of a composite by timeslices or ratio timeslices, as slices of one event each. How good a part is in a stretch it says by its
/// own method. By timeslices a stretch is as good as the worst part; by ratio timeslices the shortfalls of all, times their weights, are
/// taken away. As much of a stretch was observed as of the part that the least was observed of, and as much can be judged as of the part that the least
/// can be.
fn stretches(parts: &[(Arc<Book>, f64)], objective: &Objective, grid: Grid, view: View) -> Joined {
    let by_worst = matches!(objective.budgeting, Budgeting::Timeslices { .. });
    let mut slices = Slices::empty(grid, Method::Ratio);
    let mut judged_ms = Vec::with_capacity(grid.len);
    for i in 0..grid.len {
        let stretch = TimeRange::new(grid.edge(i), grid.edge(i + 1));
        let (mut observed, mut judged, mut shortfall) = (1.0, 1.0, None);
        for (part, weight) in parts {
            observed = f64::min(observed, part.all().coverage(stretch, view));
            judged = f64::min(judged, part.all().judged(stretch, view));
            let (bad, all) = part.all().errors(stretch, view);
            if all > 0.0 {
                let (before, short) = (shortfall.unwrap_or(0.0), (bad / all).clamp(0.0, 1.0));
                shortfall = Some(match by_worst {
                    true => f64::max(before, short),
                    false => before + short * weight,
                });
            }
        }
        slices.observed_ms[i] = observed * grid.step as f64;
        judged_ms.push(judged * grid.step as f64);
        if let Some(bad) = shortfall.map(|short| short.min(1.0)) {
            (slices.total[i], slices.bad[i], slices.good[i]) = (1.0, bad, 1.0 - bad);
        }
    }
    Joined { slices, judged_ms }
}
