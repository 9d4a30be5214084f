//! The long form as CSV (RFC 4180): a header, a row per SLO, window, group and method. Unknown numbers are empty, times are RFC 3339.

use narthex_model::{Error, Result, format_float};

use crate::report::columns::{COLUMNS, Value};
use crate::report::times::rfc3339;
use crate::report::{Report, Row, rows};

/// Writes a report.
///
/// # Errors
/// None that memory has; the writer below could fail in other places.
pub fn write(report: &Report) -> Result<String> {
    let failed = |e: ::csv::Error| Error::internal("cannot write a report as CSV").with_source(e);
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let header = COLUMNS.iter().map(|column| column.name);
    writer.write_record(header).map_err(failed)?;
    for row in rows(report) {
        let texts = COLUMNS.iter().map(|column| text(column.value, &row));
        writer.write_record(texts).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| failed(e.into_error().into()))?;
    String::from_utf8(bytes).map_err(|e| Error::internal("CSV is not UTF-8").with_source(e))
}

fn text(value: Value, row: &Row<'_>) -> String {
    match value {
        Value::Text(of) => of(row),
        Value::Number(of) => of(row).map(format_float).unwrap_or_default(),
        Value::Time(of) => rfc3339(of(row)),
        Value::Flag(of) => of(row).to_string(),
    }
}
