//! A report as JSON; `docs/slo/report.schema.json` says what is in it.
//!
//! `reports` is the long form, a flat object per SLO, window, group and method. It has all that the reports of slo-generator have, under
//! the same names, so that what reads those reads these. `slos` has the rest: how budgets were spent, incidents, history, footnotes.

mod details;
mod generator;
mod read;

pub use read::{Judgeable, read};

use narthex_model::{Error, Result, TimeRange};
use serde_json::{Map, Value, json};

use crate::outcome::State;
use crate::report::columns::{self, COLUMNS};
use crate::report::times::{Times, rfc3339};
use crate::report::{Report, Row, SloReport, rows};

pub use details::head;

/// Grows when a name or a meaning changes; what is only added leaves it.
const FORMAT_VERSION: u32 = 1;

/// Writes a report.
///
/// # Errors
/// None that memory has; the writer below could fail in other places.
pub fn write(report: &Report) -> Result<String> {
    let written = serde_json::to_string(&value(report));
    let mut text =
        written.map_err(|e| Error::internal("cannot write a report as JSON").with_source(e))?;
    text.push('\n');
    Ok(text)
}

/// The same as a value.
pub fn value(report: &Report) -> Value {
    let times = Times(&report.zone);
    json!({
        "format": "narthex-slo-report",
        "format_version": FORMAT_VERSION,
        "title": report.title,
        "made_at": rfc3339(report.made_at),
        "at": rfc3339(report.at),
        "zone": times.zone(),
        "engine": report.engine,
        "data": span(report.data),
        "notes": report.notes,
        "summary": summary(report),
        "reports": rows(report).iter().map(|row| flat(row, report)).collect::<Vec<_>>(),
        "slos": report.worst_first().into_iter().map(|slo| details::slo(slo, times)).collect::<Vec<_>>(),
    })
}

/// How many promises are in which state.
pub fn summary(report: &Report) -> Value {
    let standing = |state| report.slos.iter().filter(|s| s.state() == state).count();
    json!({
        "meeting": standing(State::Meeting),
        "at_risk": standing(State::AtRisk),
        "blown": standing(State::Blown),
        "unknown": standing(State::Unknown),
    })
}

/// The rows of one SLO of a report.
pub fn rows_of(slo: &SloReport, report: &Report) -> Vec<Value> {
    slo.rows().map(|row| flat(&row, report)).collect()
}

/// A row with slo-generator's fields and ours.
fn flat(row: &Row<'_>, report: &Report) -> Value {
    let mut object = generator::fields(row, report);
    object.extend(long(row));
    Value::Object(object)
}

/// A row of the long form.
fn long(row: &Row<'_>) -> Map<String, Value> {
    let cell = |value| match value {
        columns::Value::Text(of) => of(row).into(),
        columns::Value::Number(of) => of(row).into(),
        columns::Value::Time(of) => rfc3339(of(row)).into(),
        columns::Value::Flag(of) => of(row).into(),
    };
    let cells = COLUMNS
        .iter()
        .map(|column| (column.name.to_owned(), cell(column.value)));
    let labels = row
        .outcome
        .group
        .iter()
        .map(|(name, value)| (name.to_owned(), value.into()));
    let mut object: Map<String, Value> = cells.collect();
    object.insert("group_labels".to_owned(), Value::Object(labels.collect()));
    object
}

/// The fields of an object.
fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn span(span: Option<TimeRange>) -> Value {
    span.map_or(
        Value::Null,
        |span| json!({ "from": rfc3339(span.start), "to": rfc3339(span.end) }),
    )
}
