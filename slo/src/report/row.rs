//! The long form: one row per SLO, window, group and method. CSV, Parquet, JSON and OpenMetrics are made of it.

use std::borrow::Cow;

use narthex_model::Labels;

use crate::outcome::{Counting, Outcome, Unit};
use crate::report::{Report, SloReport};

/// An outcome with the promise it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The promise.
    pub slo: &'a SloReport,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// How it was counted.
    pub counting: Counting,
    /// Whether the promise is judged by it.
    pub promised: bool,
    /// Whether exclusions hold.
    pub excludes: bool,
}

/// All rows, the worst SLO first; of each those that it is judged by first.
pub fn rows(report: &Report) -> Vec<Row<'_>> {
    let slos = report.worst_first().into_iter();
    slos.flat_map(SloReport::rows).collect()
}

impl<'a> Row<'a> {
    /// The row that a promise is judged by.
    pub(crate) fn promised(slo: &'a SloReport, outcome: &'a Outcome) -> Self {
        Self {
            slo,
            outcome,
            counting: slo.counting(),
            promised: true,
            excludes: true,
        }
    }

    /// The length of the window so far, in seconds.
    pub fn seconds(&self) -> f64 {
        let span = self.outcome.span;
        span.end.saturating_sub(span.start) as f64 / 1000.0
    }
}

impl SloReport {
    /// Its rows: those that it is judged by first, in the order of the report.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let promised = self.outcomes.iter().map(|o| Row::promised(self, o));
        let compared = self.compared.iter().map(|compared| Row {
            counting: compared.counting,
            promised: false,
            ..Row::promised(self, &compared.outcome)
        });
        let unexcluded = self.without_exclusions.iter().map(|outcome| Row {
            promised: false,
            excludes: false,
            ..Row::promised(self, outcome)
        });
        promised.chain(compared).chain(unexcluded)
    }

    /// How it is counted.
    pub(crate) fn counting(&self) -> Counting {
        Counting::By(self.slo.objective.budgeting)
    }

    /// The title for people: service and name.
    pub fn title(&self) -> Cow<'_, str> {
        match self.slo.service.is_empty() {
            true => Cow::Borrowed(&self.slo.name),
            false => Cow::Owned(format!("{} / {}", self.slo.service, self.slo.name)),
        }
    }
}

/// The fraction that a group has of all bad events of the window; `None`: there were none, or the row is no part of them.
pub(crate) fn bad_share(row: &Row<'_>) -> Option<f64> {
    let own = row.outcome;
    let mut totals = row.slo.totals();
    let all = totals.find(|all| all.window == own.window && all.span == own.span)?;
    let bad = all.counts.bad;
    (row.promised && bad > 0.0).then(|| own.counts.bad / bad)
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
