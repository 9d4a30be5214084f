//! Asking a server over HTTP.

use std::collections::BTreeMap;

use narthex_model::{Error, ErrorKind, Labels, Result, TimestampMs};
use narthex_sql::explain::Explanation;
use reqwest::{Client, Response};
use serde::Deserialize;
use serde_json::Value;

use super::table::Rows;

/// POSTs a form to `path` of the server at `url`.
///
/// # Errors
/// `Unavailable` if there is no server; what the server says if it refuses.
pub(crate) async fn post(url: &str, path: &str, form: &[(&str, &str)]) -> Result<Response> {
    let sent = Client::new()
        .post(format!("{url}{path}"))
        .form(form)
        .send()
        .await;
    let response = sent.map_err(|e| unreachable(url, e))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let body = response.text().await.map_err(|e| unreachable(url, e))?;
    let is_ours = serde_json::from_str::<Envelope>(&body).is_ok();
    if status == 404 && !is_ours {
        let message = format!("{url} has no {path}: is it a Narthex of this version?");
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    Err(refusal(status, &body))
}

/// What the answer to a SQL statement says beside its rows.
pub(crate) fn warnings(response: &Response) -> Vec<String> {
    let header = response.headers().get("x-narthex-warnings");
    let list = header.and_then(|list| serde_json::from_slice(list.as_bytes()).ok());
    list.unwrap_or_default()
}

/// Reads a whole answer.
///
/// # Errors
/// `Unavailable` if it breaks off.
pub(crate) async fn body(url: &str, response: Response) -> Result<Vec<u8>> {
    Ok(response
        .bytes()
        .await
        .map_err(|e| unreachable(url, e))?
        .to_vec())
}

/// An error of the connection.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn unreachable(url: &str, error: reqwest::Error) -> Error {
    // The last cause is what happened; those before it say that a request failed.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Error::unavailable(format!("no answer from {url}: {cause}"))
}

/// What a server says that refuses, as an error.
pub(crate) fn refusal(status: u16, body: &str) -> Error {
    let kind = match status {
        404 => ErrorKind::NotFound,
        400..=499 => ErrorKind::Invalid,
        503 => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    };
    let envelope: Option<Envelope> = serde_json::from_str(body).ok();
    match envelope.and_then(|e| e.error) {
        Some(message) => Error::new(kind, message),
        None => Error::new(
            kind,
            format!("the server answered {status}: {}", body.trim()),
        ),
    }
}

#[derive(Deserialize)]
struct Envelope {
    error: Option<String>,
    data: Option<Data>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Value,
    explain: Option<Explanation>,
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    value: Option<Point>,
    histogram: Option<HistogramPoint>,
    #[serde(default)]
    values: Vec<Point>,
    #[serde(default)]
    histograms: Vec<HistogramPoint>,
}

/// Seconds, and the value as text.
#[derive(Deserialize)]
struct Point(f64, String);

/// Seconds, and the histogram.
#[derive(Deserialize)]
struct HistogramPoint(f64, ShownHistogram);

#[derive(Deserialize)]
struct ShownHistogram {
    count: String,
    sum: String,
    /// Which bounds belong to it, lower bound, upper bound, count.
    #[serde(default)]
    buckets: Vec<(u8, String, String, String)>,
}

impl ShownHistogram {
    /// As Prometheus prints histograms.
    fn text(&self) -> String {
        let buckets = self.buckets.iter().map(|(rule, lower, upper, count)| {
            let open = if matches!(rule, 1 | 3) { '[' } else { '(' };
            let close = if matches!(rule, 0 | 3) { ']' } else { ')' };
            format!(", {open}{lower},{upper}{close}:{count}")
        });
        let buckets: String = buckets.collect();
        format!("{{count:{}, sum:{}{buckets}}}", self.count, self.sum)
    }
}

fn milliseconds(seconds: f64) -> TimestampMs {
    (seconds * 1000.0).round() as i64
}

/// An answer as it is shown.
pub(crate) struct Answer {
    pub(crate) rows: Rows,
    /// Warnings, then infos.
    pub(crate) notes: Vec<String>,
}

/// Reads the answer to a query.
///
/// # Errors
/// `Invalid` if it is not one.
pub(crate) fn parse_answer(body: &[u8]) -> Result<Answer> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(foreign)?;
    let data = envelope
        .data
        .ok_or_else(|| Error::invalid("the answer holds no data; is this a Prometheus API?"))?;
    Ok(Answer {
        rows: rows(&data.result_type, data.result)?,
        notes: [envelope.warnings, envelope.infos].concat(),
    })
}

/// Reads the explanation of a query, and what is noted.
///
/// # Errors
/// `Invalid` if there is none.
pub(crate) fn parse_explanation(body: &[u8]) -> Result<(Explanation, Vec<String>)> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(foreign)?;
    let explanation = envelope.data.and_then(|data| data.explain);
    let explanation = explanation.ok_or_else(|| {
        Error::invalid("the server explains nothing: only Narthex knows --explain and --analyze")
    })?;
    Ok((explanation, [envelope.warnings, envelope.infos].concat()))
}

fn rows(result_type: &str, result: Value) -> Result<Rows> {
    if matches!(result_type, "scalar" | "string") {
        let Point(seconds, value) = serde_json::from_value(result).map_err(foreign)?;
        return Ok(Rows::single(milliseconds(seconds), value));
    }
    let series: Vec<Series> = serde_json::from_value(result).map_err(foreign)?;
    let labels = series.iter().map(labels).collect::<Result<Vec<_>>>()?;
    let points = series.into_iter().map(points);
    let shown = labels.iter().map(Labels::as_ref).zip(points);
    Ok(Rows::of_series(shown))
}

/// The points of a series in time.
fn points(series: Series) -> Vec<(TimestampMs, String)> {
    let floats = series.values.into_iter().chain(series.value);
    let floats = floats.map(|Point(seconds, value)| (milliseconds(seconds), value));
    let native = series.histograms.into_iter().chain(series.histogram);
    let native = native.map(|HistogramPoint(seconds, h)| (milliseconds(seconds), h.text()));
    let mut points: Vec<_> = floats.chain(native).collect();
    points.sort_by_key(|(t, _)| *t);
    points
}

fn labels(series: &Series) -> Result<Labels> {
    let labels = series.metric.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    Labels::new(labels).map_err(|e| Error::invalid("the server sent bad labels").with_source(e))
}

fn foreign(error: serde_json::Error) -> Error {
    Error::invalid("the answer is not that of a Prometheus API").with_source(error)
}
