//! The columns of the long form: name, meaning and value of each. They stand here once, for CSV, Parquet and JSON.

use narthex_model::TimestampMs;

use crate::report::Row;
use crate::report::row::{bad_share, group, unit};

/// A column of the long form.
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its value in a row.
    pub(crate) value: Value,
}

/// How a column gets its value from a row.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    /// A text; may be empty.
    Text(fn(&Row<'_>) -> String),
    /// A number; `None`: nothing counted, or nothing allowed.
    Number(fn(&Row<'_>) -> Option<f64>),
    /// An instant.
    Time(fn(&Row<'_>) -> TimestampMs),
    /// Yes or no.
    Flag(fn(&Row<'_>) -> bool),
}

/// All of them, in their order. What is added comes last; what stands here keeps its name and meaning.
pub(crate) const COLUMNS: &[Column] = &[
    text("slo", |r| r.slo.slo.id.clone()),
    text("service", |r| r.slo.slo.service.clone()),
    text("slo_name", |r| r.slo.slo.name.clone()),
    text("group", |r| group(&r.outcome.group)),
    text("window_name", |r| r.outcome.window.to_string()),
    text("method", |r| r.counting.name().to_owned()),
    Column {
        name: "promised",
        value: Value::Flag(|r| r.promised),
    },
    text("state", |r| r.outcome.state.as_str().to_owned()),
    number("target", |r| Some(r.slo.slo.objective.target)),
    time("from", |r| r.outcome.span.start),
    time("to", |r| r.outcome.span.end),
    time("ends_at", |r| r.outcome.ends_at),
    number("window_seconds", |r| Some(r.seconds())),
    number("good", |r| Some(r.outcome.counts.good)),
    number("total", |r| Some(r.outcome.counts.total)),
    number("bad", |r| Some(r.outcome.counts.bad)),
    number("attained", |r| r.outcome.attained),
    number("attained_low", |r| r.outcome.bounds.map(|b| b.0)),
    number("attained_high", |r| r.outcome.bounds.map(|b| b.1)),
    number("raw_good", |r| Some(r.outcome.raw.good)),
    number("raw_total", |r| Some(r.outcome.raw.total)),
    number("raw_bad", |r| Some(r.outcome.raw.bad)),
    number("raw_attained", |r| r.outcome.raw_attained),
    text("budget_unit", |r| unit(r.outcome.budget.unit).to_owned()),
    number("budget_allowed", |r| Some(r.outcome.budget.allowed)),
    number("budget_spent", |r| Some(r.outcome.budget.spent)),
    number("budget_remaining", |r| r.outcome.budget.remaining()),
    number("projected_allowed", |r| {
        r.outcome.projected.map(|b| b.allowed)
    }),
    number("projected_spent", |r| r.outcome.projected.map(|b| b.spent)),
    number("projected_remaining", |r| {
        r.outcome.projected.and_then(|b| b.remaining())
    }),
    number("burn_rate", |r| r.outcome.burn_rate),
    number("exhausted_in_seconds", |r| {
        r.outcome.exhausted_in_ms.map(|ms| ms as f64 / 1000.0)
    }),
    number("observed_seconds", |r| {
        Some(r.outcome.counts.observed_ms / 1000.0)
    }),
    number("coverage", |r| Some(r.outcome.coverage)),
    text("generation", |r| r.slo.generation.clone()),
    text("exclusions", |r| {
        if r.excludes { "on" } else { "off" }.to_owned()
    }),
    number("bad_share", bad_share),
];

const fn text(name: &'static str, value: fn(&Row<'_>) -> String) -> Column {
    let value = Value::Text(value);
    Column { name, value }
}

const fn number(name: &'static str, value: fn(&Row<'_>) -> Option<f64>) -> Column {
    let value = Value::Number(value);
    Column { name, value }
}

const fn time(name: &'static str, value: fn(&Row<'_>) -> TimestampMs) -> Column {
    let value = Value::Time(value);
    Column { name, value }
}
