//! What a report shows besides outcomes.

use narthex_model::TimeRange;

use crate::outcome::{Budget, BurnDown, Counting, Outcome, State};
use crate::spec::Window;

/// So many values of a label are shown to people; all are in JSON.
pub(crate) const SHOWN: usize = 5;

/// An outcome by a method that is not the promised one.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The method.
    pub counting: Counting,
    /// What it says.
    pub outcome: Outcome,
}

/// How fast the budget burns over a long window and, as a check that it still does, over a short one.
#[derive(Debug, Clone, PartialEq)]
pub struct BurnRate {
    /// The long window, in milliseconds.
    pub long_ms: i64,
    /// The short window, in milliseconds.
    pub short_ms: i64,
    /// How many times faster than allowed is too fast.
    pub threshold: f64,
    /// Over the long window; `None`: nothing counted.
    pub long: Option<f64>,
    /// Over the short window; `None`: nothing counted.
    pub short: Option<f64>,
    /// What somebody is sent when both are too fast: `page`.
    pub severity: String,
}

/// How a budget went down, and over which window.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The window.
    pub window: Window,
    /// How its budget went down.
    pub down: BurnDown,
}

impl Drawn {
    /// The fraction that is left at the last instant known; `None` if nothing is known, or nothing may be bad.
    pub fn remaining(&self) -> Option<f64> {
        let known = self.down.points.last().filter(|_| self.down.allowed > 0.0);
        known.map(|point| 1.0 - point.spent)
    }

    /// Stretches of which less than half was observed.
    pub fn unobserved(&self) -> Vec<TimeRange> {
        let mut stretches: Vec<TimeRange> = Vec::new();
        for pair in self.down.points.windows(2) {
            let (start, point) = (pair[0].at, pair[1]);
            match stretches.last_mut().filter(|last| last.end == start) {
                _ if point.coverage >= 0.5 => {}
                Some(last) => last.end = point.at,
                None => stretches.push(TimeRange::new(start, point.at)),
            }
        }
        stretches
    }
}

impl BurnRate {
    /// The word for it: whether both windows burn too fast, one of them, or none.
    pub fn word(&self) -> &'static str {
        let over = |rate: Option<f64>| rate.map(|rate| rate > self.threshold);
        match (over(self.long), over(self.short)) {
            (Some(true), Some(true)) => "critical",
            (Some(true), _) => "recovering",
            (_, Some(true)) => "increasing",
            (None, None) => "unknown",
            _ => "ok",
        }
    }
}

/// The budget that a state follows from: that of the whole window, foreseen where a calendar period is not over.
pub(crate) fn whole(outcome: &Outcome) -> Budget {
    outcome.projected.unwrap_or(outcome.budget)
}

/// The word for an outcome's burn rate of the last hour where no pair of windows says more.
pub(crate) fn burn_word(outcome: &Outcome) -> &'static str {
    match outcome.burn_rate {
        None => "unknown",
        Some(0.0) => "nothing bad",
        Some(rate) if rate <= 1.0 => "within budget",
        Some(_) if outcome.state == State::Blown => "overspending",
        Some(_) => "too fast to last",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{BurnPoint, Unit};
    use crate::spec::Rolling;

    #[test]
    fn stretches_without_data_are_joined() {
        let point = |at, coverage| BurnPoint {
            at,
            spent: 0.0,
            rolling_left: None,
            coverage,
        };
        let points = [
            (0, 1.0),
            (10, 1.0),
            (20, 0.2),
            (30, 0.0),
            (40, 1.0),
            (50, 0.0),
        ];
        let drawn = Drawn {
            window: Window::Rolling(Rolling { ms: 50 }),
            down: BurnDown {
                span: TimeRange::new(0, 50),
                unit: Unit::Events,
                allowed: 1.0,
                projected: false,
                points: points.map(|(at, coverage)| point(at, coverage)).to_vec(),
            },
        };
        let unobserved = drawn.unobserved();
        assert_eq!(unobserved, [TimeRange::new(10, 30), TimeRange::new(40, 50)]);
    }
}
