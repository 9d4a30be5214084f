//! Answers as tables for people, and as CSV.

use std::collections::BTreeSet;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{Table, presets};
use narthex_model::{Error, LabelsRef, Result, TimestampMs, format_float};
use narthex_promql::{QueryValue, RangeSeries, SampleValue, histograms};

use crate::times::format_time;

/// A header, and rows of as many texts.
#[derive(Debug, PartialEq)]
pub(crate) struct Rows {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Rows {
    /// Rows of as many texts as the header has.
    pub(crate) fn new(header: &[&str], rows: Vec<Vec<String>>) -> Self {
        let header = header.iter().map(|&h| h.to_owned()).collect();
        Self { header, rows }
    }

    /// One row per sample: labels, time, value.
    pub(crate) fn from_value(value: &QueryValue) -> Self {
        match value {
            QueryValue::Scalar { timestamp, value } => {
                Self::single(*timestamp, format_float(*value))
            }
            QueryValue::String { timestamp, value } => Self::single(*timestamp, value.clone()),
            QueryValue::Vector(samples) => Self::of_series(samples.iter().map(|s| {
                let point = (s.timestamp, value_text(&s.value));
                (s.labels.as_ref(), vec![point])
            })),
            QueryValue::Matrix(series) => {
                Self::of_series(series.iter().map(|s| (s.labels.as_ref(), point_texts(s))))
            }
        }
    }

    /// One value without labels.
    pub(crate) fn single(timestamp: TimestampMs, value: String) -> Self {
        let header = vec!["timestamp".to_owned(), "value".to_owned()];
        Self {
            header,
            rows: vec![vec![format_time(timestamp), value]],
        }
    }

    /// One row per point of series with labels.
    pub(crate) fn of_series<'a>(
        series: impl Iterator<Item = (LabelsRef<'a>, Vec<(TimestampMs, String)>)>,
    ) -> Self {
        let series: Vec<_> = series.collect();
        let labels = series.iter().flat_map(|(labels, _)| labels.iter());
        let names: BTreeSet<&str> = labels.map(|(name, _)| name).collect();
        let mut rows = Vec::new();
        for (labels, points) in &series {
            let cells = names.iter().map(|n| labels.get(n).unwrap_or("").to_owned());
            let cells: Vec<_> = cells.collect();
            for (timestamp, value) in points {
                let mut row = cells.clone();
                row.extend([format_time(*timestamp), value.clone()]);
                rows.push(row);
            }
        }
        let header = names.into_iter().chain(["timestamp", "value"]);
        Self {
            header: header.map(str::to_owned).collect(),
            rows,
        }
    }

    /// The rows of a SQL answer.
    ///
    /// # Errors
    /// `Invalid` if a column's type cannot be shown.
    pub(crate) fn from_batches(header: Vec<String>, batches: &[RecordBatch]) -> Result<Self> {
        let mut rows = Vec::new();
        let options = FormatOptions::default().with_null("NULL");
        for batch in batches {
            let columns: Result<Vec<_>, _> = batch
                .columns()
                .iter()
                .map(|c| ArrayFormatter::try_new(c, &options))
                .collect();
            let columns = columns
                .map_err(|e| Error::invalid("a column cannot be shown; cast it").with_source(e))?;
            rows.extend(
                (0..batch.num_rows())
                    .map(|row| columns.iter().map(|c| c.value(row).to_string()).collect()),
            );
        }
        Ok(Self { header, rows })
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Aligned columns.
    pub(crate) fn to_table(&self) -> String {
        let mut table = Table::new();
        table
            .load_preset(presets::UTF8_FULL_CONDENSED)
            .set_header(&self.header)
            .add_rows(&self.rows);
        format!("{table}\n")
    }

    /// Comma-separated values with a header.
    pub(crate) fn to_csv(&self) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.header).chain(&self.rows) {
            for (at, cell) in row.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                push_cell(cell, &mut text);
            }
            text.push('\n');
        }
        text
    }
}

fn push_cell(cell: &str, text: &mut String) {
    if cell.contains([',', '"', '\n', '\r']) {
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
    }
}

fn value_text(value: &SampleValue) -> String {
    match value {
        SampleValue::Float(v) => format_float(*v),
        SampleValue::Histogram(histogram) => histograms::text(histogram),
    }
}

/// The points of a series in time.
fn point_texts(series: &RangeSeries) -> Vec<(TimestampMs, String)> {
    let floats = series.timestamps.iter().zip(&series.values);
    let floats = floats.map(|(t, v)| (*t, format_float(*v)));
    let native = series.histograms.iter();
    let mut points: Vec<_> = floats
        .chain(native.map(|(t, histogram)| (*t, histograms::text(histogram))))
        .collect();
    points.sort_by_key(|(t, _)| *t);
    points
}

#[cfg(test)]
mod tests {
    use narthex_model::Labels;

    use super::*;

    #[test]
    fn a_row_per_sample_and_a_column_per_label() {
        let labels = |text| Labels::new([("__name__", "up"), text]).expect("valid");
        let series = |labels, values: Vec<f64>| RangeSeries {
            labels,
            timestamps: (0..values.len() as i64).collect(),
            values,
            histograms: Vec::new(),
        };
        let value = QueryValue::Matrix(vec![
            series(labels(("a", "x,y")), vec![1.0, 2.0]),
            series(labels(("b", "z")), vec![0.5]),
        ]);
        assert_eq!(
            Rows::from_value(&value).to_csv(),
            "__name__,a,b,timestamp,value\n\
             up,\"x,y\",,1970-01-01T00:00:00Z,1\n\
             up,\"x,y\",,1970-01-01T00:00:00.001Z,2\n\
             up,,z,1970-01-01T00:00:00Z,0.5\n"
        );
    }
}
