//! The same slices by every other method of counting.

use super::Meter;
use crate::count::{Grid, Slices};
use crate::ledger::{Prefix, Spans};
use crate::outcome::Counting;
use crate::spec::{Absent, Budgeting, Indicator, Missing, Objective, Slo};

/// Prometheus' rules record ratios over this, as a rule.
const RATIO_MS: i64 = 300_000;

/// What is asked of the slices of an SLO by a method that was not promised.
#[derive(Debug, Clone)]
pub struct Otherwise {
    /// The method.
    pub counting: Counting,
    /// The SLO as if it had been promised.
    pub slo: Slo,
    /// Its answers.
    pub meter: Meter,
}

/// All methods but the promised one. Where that does not say, stretches are as long as slices, and good from the target on.
pub(super) fn otherwise(slo: &Slo, slices: &Slices, excluded: &Spans) -> Vec<Otherwise> {
    let promised = slo.objective.budgeting;
    let mut all: Vec<_> = methods(slo)
        .into_iter()
        .filter(|method| std::mem::discriminant(method) != std::mem::discriminant(&promised))
        .map(|budgeting| {
            let slo = by(slo, budgeting, slo.missing);
            let meter = Meter::new(slices, slo.objective, &slo.missing, excluded);
            let counting = Counting::By(budgeting);
            Otherwise {
                counting,
                slo,
                meter,
            }
        })
        .collect();
    if slices.grid.step <= RATIO_MS {
        all.push(mean_of_ratios(slo, slices, excluded));
    }
    all
}

fn methods(slo: &Slo) -> Vec<Budgeting> {
    let (slice_ms, good_from) = match slo.objective.budgeting {
        Budgeting::Occurrences => (slo.slice_ms, slo.objective.target),
        Budgeting::RatioTimeslices { slice_ms } => (slice_ms, slo.objective.target),
        Budgeting::Timeslices {
            slice_ms,
            good_from,
        } => (slice_ms, good_from),
    };
    let stretches = [
        Budgeting::Timeslices {
            slice_ms,
            good_from,
        },
        Budgeting::RatioTimeslices { slice_ms },
    ];
    // A ratio says nothing of how many events there were.
    let has_events = !matches!(slo.indicator, Indicator::ErrorRatio { .. });
    let events = has_events.then_some(Budgeting::Occurrences);
    events.into_iter().chain(stretches).collect()
}

fn by(slo: &Slo, budgeting: Budgeting, missing: Missing) -> Slo {
    let objective = Objective {
        budgeting,
        ..slo.objective
    };
    Slo {
        objective,
        missing,
        ..slo.clone()
    }
}

/// Ratios of nothing are not there in Prometheus.
fn mean_of_ratios(slo: &Slo, slices: &Slices, excluded: &Spans) -> Otherwise {
    let slice_ms = slices.grid.step;
    let missing = Missing {
        no_traffic: Absent::Exclude,
        no_data: Absent::Exclude,
        ..slo.missing
    };
    let slo = by(slo, Budgeting::RatioTimeslices { slice_ms }, missing);
    let meter = Meter::new(&ratios(slices), slo.objective, &missing, excluded);
    Otherwise {
        counting: Counting::MeanOfRatios,
        slo,
        meter,
    }
}

/// Each slice as one event, as good as the time that ends with it.
fn ratios(slices: &Slices) -> Slices {
    let grid: Grid = slices.grid;
    let long = (RATIO_MS / grid.step) as usize;
    let (bad, total) = (prefix(&slices.bad), prefix(&slices.total));
    let mut all = Slices::empty(grid, slices.method);
    for i in 0..grid.len {
        let from = (i + 1).saturating_sub(long);
        let events = total.sum(from, i + 1);
        if events > 0.0 {
            all.total[i] = 1.0;
            all.bad[i] = (bad.sum(from, i + 1) / events).clamp(0.0, 1.0);
            all.good[i] = 1.0 - all.bad[i];
        }
    }
    all.observed_ms.clone_from(&slices.observed_ms);
    all
}

fn prefix(column: &[f64]) -> Prefix {
    Prefix::new(column.iter().copied())
}
