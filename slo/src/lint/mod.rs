//! What is allowed and hardly meant: what an SLO itself tells, and what only data tell.

mod ask;
mod matchers;
mod nothing;
mod observed;
mod policies;
mod traffic;

use std::fmt;

use crate::load::Placed;
use crate::spec::{Budgeting, Indicator, Slo, Window};

pub use ask::ask;
pub use observed::{Events, Matched, Observed, Questions, observed, questions};

/// Something that is hardly meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `file:line:column` of the SLO.
    pub place: String,
    /// The id of the SLO.
    pub slo: String,
    /// The name of the lint, such as `burn-unreachable`.
    pub lint: &'static str,
    /// What is hardly meant, and what would be better.
    pub message: String,
}

/// As `slos.yaml:3:5: shop-requests: … [burn-unreachable]`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            slo,
            lint,
            message,
        } = self;
        write!(f, "{place}: {slo}: {message} [{lint}]")
    }
}

/// Gathers what is found of one SLO.
#[derive(Debug)]
struct Findings<'a> {
    placed: &'a Placed,
    found: Vec<Finding>,
}

impl<'a> Findings<'a> {
    fn of(placed: &'a Placed) -> Self {
        Self {
            placed,
            found: Vec::new(),
        }
    }

    fn say(&mut self, lint: &'static str, message: impl fmt::Display) {
        self.found.push(Finding {
            place: self.placed.place.clone(),
            slo: self.placed.slo.id.clone(),
            lint,
            message: message.to_string(),
        });
    }
}

/// What is found without data.
pub fn lint(slos: &[Placed]) -> Vec<Finding> {
    slos.iter().flat_map(one).collect()
}

fn one(placed: &Placed) -> Vec<Finding> {
    let mut findings = Findings::of(placed);
    let slo = &placed.slo;
    windows(slo, &mut findings);
    ratio(slo, &mut findings);
    policies::lint(slo, &mut findings);
    matchers::lint(slo, &mut findings);
    findings.found
}

fn windows(slo: &Slo, findings: &mut Findings<'_>) {
    let short = slo
        .windows
        .iter()
        .filter(|window| window.nominal_ms() < 2 * slo.judged_ms());
    for window in short {
        let slice = narthex_model::format_duration(slo.judged_ms());
        findings.say(
            "window-short",
            format_args!("window {window} is shorter than two slices of {slice}: nearly all of it is one number; make the slice shorter"),
        );
    }
}

/// A ratio does not say how many events there were.
fn ratio(slo: &Slo, findings: &mut Findings<'_>) {
    let is_ratio = matches!(slo.indicator, Indicator::ErrorRatio { .. });
    if is_ratio && slo.objective.budgeting == Budgeting::Occurrences {
        findings.say(
            "ratio-of-occurrences",
            "error_ratio does not say how many events there were, so occurrences cannot be counted: take budgeting: ratio-timeslices, \
             or give errors and total",
        );
    }
}

/// The name of the first window, which policies are about.
fn window_name(slo: &Slo) -> String {
    slo.windows
        .first()
        .map(Window::to_string)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
