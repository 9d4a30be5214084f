//! How promises stand, window by window: what is judged of a report, wherever it was made.

use crate::outcome::{Outcome, State};
use crate::report::parts::whole;
use crate::report::{Report, SloReport};

/// How a promise stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The id of the SLO.
    pub slo: String,
    /// Window by window, of all groups together, by the promised method; a promise may have none.
    pub windows: Vec<InWindow>,
}

/// How it stands in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct InWindow {
    /// The window, as it is written in a spec.
    pub name: String,
    /// The word for it.
    pub state: State,
    /// The fraction of the whole window's budget that is left; `None`: nothing may be bad, or nothing is known.
    pub left: Option<f64>,
    /// The fraction of it that was observed.
    pub coverage: f64,
}

impl Report {
    /// How the promises stand, the worst first.
    pub fn standings(&self) -> Vec<Standing> {
        let of = |slo: &SloReport| Standing {
            slo: slo.slo.id.clone(),
            windows: slo.totals().map(in_window).collect(),
        };
        self.worst_first().into_iter().map(of).collect()
    }
}

fn in_window(outcome: &Outcome) -> InWindow {
    InWindow {
        name: outcome.window.to_string(),
        state: outcome.state,
        left: whole(outcome).remaining(),
        coverage: outcome.coverage,
    }
}
