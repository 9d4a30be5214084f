//! Asking a server over HTTP.

use narthex_model::{Error, ErrorKind, Labels, Result, TimestampMs, parse_float};
use narthex_promql::{InstantSample, QueryOutput, QueryValue, RangeSeries};
use reqwest::{Client, Response};
use serde::Deserialize;
use serde_json::Value;

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
    Err(refusal(status, &body))
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
pub(crate) fn unreachable(url: &str, error: reqwest::Error) -> Error {
    Error::unavailable(format!("no answer from {url}")).with_source(error.without_url())
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
}

#[derive(Deserialize)]
struct Series {
    metric: std::collections::BTreeMap<String, String>,
    value: Option<Point>,
    #[serde(default)]
    values: Vec<Point>,
}

/// Seconds, and the value as text.
#[derive(Deserialize)]
struct Point(f64, String);

impl Point {
    fn timestamp(&self) -> TimestampMs {
        (self.0 * 1000.0).round() as i64
    }

    fn value(&self) -> Result<f64> {
        parse_float(&self.1)
            .ok_or_else(|| Error::invalid(format!("the server sent a sample value {:?}", self.1)))
    }
}

/// Reads the answer to a query.
///
/// # Errors
/// `Invalid` if it is not one.
pub(crate) fn parse_output(body: &[u8]) -> Result<QueryOutput> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(foreign)?;
    let data = envelope
        .data
        .ok_or_else(|| Error::invalid("the answer holds no data; is this a Prometheus API?"))?;
    let value = parse_value(&data.result_type, data.result)?;
    Ok(QueryOutput {
        value,
        warnings: envelope.warnings,
        infos: envelope.infos,
    })
}

fn parse_value(result_type: &str, result: Value) -> Result<QueryValue> {
    Ok(match result_type {
        "scalar" => {
            let point: Point = serde_json::from_value(result).map_err(foreign)?;
            QueryValue::Scalar {
                timestamp: point.timestamp(),
                value: point.value()?,
            }
        }
        "string" => {
            let point: Point = serde_json::from_value(result).map_err(foreign)?;
            QueryValue::String {
                timestamp: point.timestamp(),
                value: point.1,
            }
        }
        "vector" => QueryValue::Vector(each(result, instant_sample)?),
        _ => QueryValue::Matrix(each(result, |s| range_series(&s))?),
    })
}

fn each<T>(result: Value, read: impl Fn(Series) -> Result<T>) -> Result<Vec<T>> {
    let series: Vec<Series> = serde_json::from_value(result).map_err(foreign)?;
    series.into_iter().map(read).collect()
}

fn instant_sample(series: Series) -> Result<InstantSample> {
    let labels = labels(&series)?;
    let point = series
        .value
        .ok_or_else(|| Error::invalid("the server sent a series without a value"))?;
    Ok(InstantSample {
        labels,
        timestamp: point.timestamp(),
        value: point.value()?,
    })
}

fn range_series(series: &Series) -> Result<RangeSeries> {
    let values = series
        .values
        .iter()
        .map(Point::value)
        .collect::<Result<_>>()?;
    let timestamps = series.values.iter().map(Point::timestamp).collect();
    Ok(RangeSeries {
        labels: labels(series)?,
        timestamps,
        values,
    })
}

fn labels(series: &Series) -> Result<Labels> {
    let labels = series.metric.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    Labels::new(labels).map_err(|e| Error::invalid("the server sent bad labels").with_source(e))
}

fn foreign(error: serde_json::Error) -> Error {
    Error::invalid("the answer is not that of a Prometheus API").with_source(error)
}
