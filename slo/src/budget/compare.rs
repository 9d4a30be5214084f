//! The same window by every method of counting.

use narthex_model::TimeRange;

use super::{Meter, View};
use crate::count::Slices;
use crate::ledger::Spans;
use crate::outcome::Attainments;
use crate::spec::{Budgeting, Missing, Objective};

/// What was attained in `span` by each method. Where `objective` does not say, stretches are as long as slices, and good from the
/// target on.
pub fn compare_methods(
    slices: &Slices,
    objective: Objective,
    missing: &Missing,
    excluded: &Spans,
    span: TimeRange,
) -> Attainments {
    let (slice_ms, good_from) = match objective.budgeting {
        Budgeting::Occurrences => (slices.grid.step, objective.target),
        Budgeting::RatioTimeslices { slice_ms } => (slice_ms, objective.target),
        Budgeting::Timeslices {
            slice_ms,
            good_from,
        } => (slice_ms, good_from),
    };
    let by = |budgeting| {
        let objective = Objective {
            budgeting,
            ..objective
        };
        Meter::new(slices, objective, missing, excluded).attained(span, View::Adjusted)
    };
    Attainments {
        occurrences: by(Budgeting::Occurrences),
        timeslices: by(Budgeting::Timeslices {
            slice_ms,
            good_from,
        }),
        ratio_timeslices: by(Budgeting::RatioTimeslices { slice_ms }),
    }
}
