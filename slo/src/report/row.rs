//! The long form: one row per SLO, window, group and method. CSV, Parquet, JSON and OpenMetrics are made of it.

use std::borrow::Cow;

use narthex_model::Labels;

use crate::outcome::{Outcome, Unit};
use crate::report::{Report, SloReport};
use crate::spec::Budgeting;

/// An outcome with the promise it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The promise.
    pub slo: &'a SloReport,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// How it was counted.
    pub budgeting: Budgeting,
    /// Whether that is the promised method.
    pub promised: bool,
}

/// All rows, the worst SLO first; of each those of the promised method first, in the order of the report.
pub fn rows(report: &Report) -> Vec<Row<'_>> {
    let slos = report.worst_first().into_iter();
    slos.flat_map(SloReport::rows).collect()
}

impl Row<'_> {
    /// The method's name for programs.
    pub fn method(&self) -> &'static str {
        method(self.budgeting)
    }

    /// The length of the window so far, in seconds.
    pub fn seconds(&self) -> f64 {
        let span = self.outcome.span;
        span.end.saturating_sub(span.start) as f64 / 1000.0
    }
}

impl SloReport {
    /// Its rows: those of the promised method first, in the order of the report.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let promised = self.outcomes.iter().map(|outcome| Row {
            slo: self,
            outcome,
            budgeting: self.slo.objective.budgeting,
            promised: true,
        });
        let compared = self.compared.iter().map(|compared| Row {
            slo: self,
            outcome: &compared.outcome,
            budgeting: compared.budgeting,
            promised: false,
        });
        promised.chain(compared)
    }

    /// The title for people: service and name.
    pub fn title(&self) -> Cow<'_, str> {
        match self.slo.service.is_empty() {
            true => Cow::Borrowed(&self.slo.name),
            false => Cow::Owned(format!("{} / {}", self.slo.service, self.slo.name)),
        }
    }
}

/// The name of a method for programs.
pub(crate) fn method(budgeting: Budgeting) -> &'static str {
    match budgeting {
        Budgeting::Occurrences => "occurrences",
        Budgeting::Timeslices { .. } => "timeslices",
        Budgeting::RatioTimeslices { .. } => "ratio-timeslices",
    }
}

/// The name of a unit for programs.
pub(crate) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Events => "events",
        Unit::Minutes => "minutes",
    }
}

/// A group as `{code="500",route="/"}`; empty: all together.
pub fn group(labels: &Labels) -> String {
    match labels.as_ref().is_empty() {
        true => String::new(),
        false => labels.to_string(),
    }
}
