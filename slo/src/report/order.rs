//! What is worse than what.

use std::cmp::Ordering;

use crate::outcome::{Outcome, State};
use crate::report::SloReport;
use crate::report::parts::whole;

/// How much a state asks for somebody: nobody knows is worse than all is well.
pub(crate) fn severity(state: State) -> u8 {
    match state {
        State::Blown => 3,
        State::AtRisk => 2,
        State::Unknown => 1,
        State::Meeting => 0,
    }
}

/// By the worst state of any window, then by the least that is left in any, then by name.
pub(crate) fn worse(a: &SloReport, b: &SloReport) -> Ordering {
    severity(b.state())
        .cmp(&severity(a.state()))
        .then_with(|| least(a).total_cmp(&least(b)))
        .then_with(|| a.slo.id.cmp(&b.slo.id))
}

/// The least fraction of a budget that is left in any window.
fn least(slo: &SloReport) -> f64 {
    let left = slo.totals().filter_map(|o| whole(o).remaining());
    left.fold(f64::INFINITY, f64::min)
}

/// By bad events, then by labels.
pub(crate) fn spent_more(a: &Outcome, b: &Outcome) -> Ordering {
    (b.counts.bad.total_cmp(&a.counts.bad)).then_with(|| a.group.cmp(&b.group))
}
