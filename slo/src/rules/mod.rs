//! Rules for those who stay on Prometheus: an SLO as recording and alerting rules, named as Sloth or Pyrra names them, or better.

mod file;
mod native;
mod policy;
mod promql;
mod pyrra;
mod sloth;

use crate::lost::{Losses, Lost};
use crate::spec::{Budgeting, Indicator, Missing, Slo, Window};

pub use file::Form;
use file::{Group, write};
pub use pyrra::{BurnRates, pyrra_burn_rates};

pub(crate) use promql::{Measured, by, losses as indicator_losses, measured, observations};

/// Whose names the series have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Sloth's: its dashboards work.
    Sloth,
    /// Pyrra's: its dashboards work.
    Pyrra,
    /// Our own: events are recorded, so that the window's number is that of events.
    Native,
}

/// Rules, and what they do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// YAML.
    pub text: String,
    /// What was lost.
    pub lost: Vec<Lost>,
}

/// The SLOs as rules.
pub fn rules(slos: &[Slo], dialect: Dialect, form: Form) -> Rules {
    let mut lost = Vec::new();
    let mut groups = Vec::new();
    for slo in slos {
        let mut losses = Losses::new(&slo.id, &mut lost);
        if slo.is_composite() {
            losses.say("indicator", "a composite has no rules of its own");
            continue;
        }
        common_losses(slo, &mut losses);
        groups.extend(match dialect {
            Dialect::Sloth => sloth::groups(slo, &mut losses),
            Dialect::Pyrra => pyrra::groups(slo, &mut losses),
            Dialect::Native => native::groups(slo, &mut losses),
        });
    }
    Rules {
        text: write(&groups, form),
        lost,
    }
}

/// What no rules say.
fn common_losses(slo: &Slo, losses: &mut Losses<'_>) {
    let several = slo.windows.len() > 1;
    losses.say_if(several, "windows", "only the first has rules");
    if let Some(Window::Calendar(_)) = slo.windows.first() {
        let days = slo.window_ms() / 86_400_000;
        losses.say(
            "windows",
            format_args!("a calendar period becomes the last {days} days"),
        );
    }
    losses.say_if(
        is_by_time(slo),
        "objective.budgeting",
        "rules count events, not stretches of time",
    );
    let excluded = !slo.exclusions.is_empty();
    losses.say_if(excluded, "exclusions", "rules know no exclusions");
    losses.say_if(
        slo.missing != Missing::default(),
        "missing",
        "where there are no data, rules give nothing",
    );
}

/// Whether stretches of time are counted; the mean of ratios is what rules take of them anyway.
fn is_by_time(slo: &Slo) -> bool {
    match slo.objective.budgeting {
        Budgeting::Occurrences => false,
        Budgeting::Timeslices { .. } => true,
        Budgeting::RatioTimeslices { .. } => !matches!(slo.indicator, Indicator::ErrorRatio { .. }),
    }
}

type Groups = Vec<Group>;

#[cfg(test)]
mod tests;
