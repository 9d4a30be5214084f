//! All samples of a store as text, as promtool prints them.

use narthex_model::{Result, TimestampMs, format_float};
use narthex_promql::{QueryValue, RangeSeries, histograms};
use narthex_rules::unit::show_labels;
use narthex_sql::{Database, QueryOptions};

/// The samples of all series in the `seconds` before `at`, that instant included.
///
/// # Errors
/// They cannot be read.
pub(super) async fn dump(database: &Database, at: TimestampMs, seconds: i64) -> Result<String> {
    let query = format!("{{__name__=~\".+\"}}[{seconds}s]");
    let options = QueryOptions::default();
    let answer = database.query_instant(&query, at, options).await?;
    let QueryValue::Matrix(series) = answer.value else {
        return Ok(String::new());
    };
    Ok(series.iter().map(shown).collect())
}

fn shown(series: &RangeSeries) -> String {
    let floats = series.timestamps.iter().zip(&series.values);
    let floats = floats.map(|(t, value)| format!("{} @[{t}]\n", format_float(*value)));
    let histograms = series.histograms.iter();
    let histograms = histograms.map(|(t, h)| format!("{} @[{t}]\n", histograms::text(h)));
    let points: String = floats.chain(histograms).collect();
    let labels = series.labels.iter();
    let labels = labels.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    format!("{} =>\n{points}", show_labels(&labels))
}
