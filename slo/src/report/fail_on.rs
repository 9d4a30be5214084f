//! What makes a pipeline stop: `--fail-on blown,budget<20%`.

use std::fmt;
use std::str::FromStr;

use narthex_model::Error;

use crate::outcome::State;
use crate::report::{InWindow, Standing, numbers};

/// Conditions, any of which is a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct FailOn(Vec<Condition>);

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Condition {
    /// Broken.
    Blown,
    /// At risk, or worse.
    AtRisk,
    /// Less than this fraction of the budget is left.
    Budget(f64),
    /// Nobody knows.
    Unknown,
}

/// A promise for which a condition holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The id of the SLO.
    pub slo: String,
    /// The condition, as it is written.
    pub condition: String,
    /// What is the matter, in a sentence.
    pub message: String,
}

impl FromStr for FailOn {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let conditions = text.split(',').map(|part| condition(part.trim()));
        conditions.collect::<Result<_, _>>().map(Self)
    }
}

fn condition(text: &str) -> Result<Condition, Error> {
    match text {
        "blown" => Ok(Condition::Blown),
        "at-risk" => Ok(Condition::AtRisk),
        "unknown" => Ok(Condition::Unknown),
        _ => match text.strip_prefix("budget").and_then(percent) {
            Some(fraction) => Ok(Condition::Budget(fraction)),
            None => Err(Error::invalid(format!(
                "cannot fail on \"{text}\": expected blown, at-risk, unknown, or a budget such as budget<20%"
            ))),
        },
    }
}

/// `<20%` as 0.2.
fn percent(text: &str) -> Option<f64> {
    let number = text.trim().strip_prefix('<')?.trim().strip_suffix('%')?;
    let percent: f64 = number.trim().parse().ok()?;
    percent.is_finite().then_some(percent / 100.0)
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, condition) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{condition}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blown => f.write_str("blown"),
            Self::AtRisk => f.write_str("at-risk"),
            Self::Unknown => f.write_str("unknown"),
            Self::Budget(fraction) => write!(f, "budget<{}%", (fraction * 1e10).round() / 1e8),
        }
    }
}

impl Condition {
    fn holds(self, window: &InWindow) -> bool {
        match self {
            Self::Blown => window.state == State::Blown,
            Self::AtRisk => matches!(window.state, State::AtRisk | State::Blown),
            Self::Unknown => window.state == State::Unknown,
            Self::Budget(least) => window.left.is_some_and(|left| left < least),
        }
    }
}

impl FailOn {
    /// For which promises it holds, in their order, window by window. A promise that has no window is unknown.
    pub fn judge(&self, standings: &[Standing]) -> Vec<Failure> {
        let failures = standings.iter().flat_map(|standing| self.of(standing));
        failures.collect()
    }

    fn of(&self, standing: &Standing) -> Vec<Failure> {
        let failed = |condition: Condition, message: String| Failure {
            slo: standing.slo.clone(),
            condition: condition.to_string(),
            message,
        };
        if standing.windows.is_empty() {
            let unknown = self.0.iter().filter(|c| **c == Condition::Unknown);
            let unknown = unknown.map(|c| failed(*c, "nothing was measured".to_owned()));
            return unknown.take(1).collect();
        }
        let windows = standing.windows.iter().filter_map(|window| {
            let condition = self.0.iter().find(|c| c.holds(window))?;
            Some(failed(*condition, message(window)))
        });
        windows.collect()
    }
}

fn message(window: &InWindow) -> String {
    let why = match window.state {
        State::Unknown => format!("{} of it was observed", numbers::attained(window.coverage)),
        _ => {
            let left = numbers::share_or_none(window.left);
            format!("{left} of the budget is left")
        }
    };
    let (state, name) = (window.state.as_str(), &window.name);
    format!("{state} over its window ({name}): {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_and_written() {
        for (text, want) in [
            ("blown", "blown"),
            ("blown, at-risk,unknown", "blown,at-risk,unknown"),
            ("budget<20%", "budget<20%"),
            ("budget < 0.1 %", "budget<0.1%"),
            ("budget<-5%", "budget<-5%"),
        ] {
            assert_eq!(text.parse::<FailOn>().expect(text).to_string(), want);
        }
    }

    #[test]
    fn what_is_no_condition_says_what_would_be() {
        for text in [
            "",
            "bad",
            "budget<20",
            "budget>20%",
            "budget<NaN%",
            "blown,",
        ] {
            let error = text.parse::<FailOn>().expect_err(text).to_string();
            assert!(error.contains("expected blown, at-risk"), "{error}");
        }
    }
}
