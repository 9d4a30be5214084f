//! Asking a server over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use narthex_model::{Error, ErrorKind, Labels, Result, TimestampMs};
use narthex_sql::explain::Explanation;
use reqwest::header::{self, HeaderName};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use serde_json::Value;

use super::table::Rows;

/// What answers of the API are.
pub(crate) const JSON: &str = "application/json";

/// Whoever does not take a connection within this time is not there.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// A server may think for so long before it answers, or goes on to.
const SILENCE_MAX: Duration = Duration::from_secs(600);

/// An answer has to fit into memory.
const BODY_BYTES_MAX: usize = 1 << 30;

/// As [`BODY_BYTES_MAX`], of JSON, which takes several times as much once it is read.
const JSON_BYTES_MAX: usize = 1 << 28;

/// POSTs a form to `path` of the server at `url`, which is to be answered with this media type.
///
/// # Errors
/// `Unavailable` if there is no server; what the server says if it refuses; `Invalid` if somebody else answers.
pub(crate) async fn post(
    url: &str,
    path: &str,
    form: &[(&str, &str)],
    media: &str,
) -> Result<Response> {
    let client = Client::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .read_timeout(SILENCE_MAX)
        // A form that follows a redirect gets lost: what is asked there has no parameters.
        .redirect(Policy::none())
        .build()
        .map_err(|e| unreachable(url, e))?;
    let sent = client.post(format!("{url}{path}")).form(form).send().await;
    let response = sent.map_err(|e| unreachable(url, e))?;
    if response.status().is_success() {
        return expected(url, response, media);
    }
    if response.status().is_redirection() {
        return Err(redirected(url, &response));
    }
    let status = response.status().as_u16();
    let body = response.text().await.map_err(|e| unreachable(url, e))?;
    let is_ours = serde_json::from_str::<Envelope>(&body).is_ok();
    if status == 404 && !is_ours {
        let url = shown(url);
        let message = format!("{url} has no {path}: is it a Narthex of this version?");
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    Err(refusal(status, &body))
}

/// The answer, if it is of this media type: a proxy's page to log in is a success, too.
fn expected(url: &str, response: Response, media: &str) -> Result<Response> {
    let found = header_text(&response, &header::CONTENT_TYPE);
    let essence = |media: &str| media.split(';').next().unwrap_or("").trim().to_lowercase();
    if essence(found) == essence(media) {
        return Ok(response);
    }
    let (url, wanted) = (shown(url), essence(media));
    Err(Error::invalid(format!(
        "{url} answers with {found:?} where {wanted} was expected: does something else answer in place of a Narthex?"
    )))
}

fn redirected(url: &str, response: &Response) -> Error {
    let to = shown(header_text(response, &header::LOCATION));
    let url = shown(url);
    Error::invalid(format!(
        "{url} redirects to {to}, which is not followed: give the address that answers by --url"
    ))
}

fn header_text<'r>(response: &'r Response, name: &HeaderName) -> &'r str {
    let value = response.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// An address as it may be shown: without a user and a password.
pub(crate) fn shown(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return url.to_owned();
    };
    if parsed.username().is_empty() && parsed.password().is_none() {
        return url.to_owned();
    }
    // Where neither can be set neither was there.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.as_str().trim_end_matches('/').to_owned()
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
/// `Unavailable` if it breaks off, `Invalid` if it is too long.
pub(crate) async fn body(url: &str, mut response: Response) -> Result<Vec<u8>> {
    let is_json = header_text(&response, &header::CONTENT_TYPE).starts_with(JSON);
    let bytes_max = if is_json {
        JSON_BYTES_MAX
    } else {
        BODY_BYTES_MAX
    };
    let mut whole = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|e| unreachable(url, e))? {
        if whole.len() + piece.len() > bytes_max {
            let (url, mib) = (shown(url), bytes_max >> 20);
            let message = format!("the answer of {url} is longer than {mib} MiB: ask for less");
            return Err(Error::invalid(message));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// An error of the connection.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn unreachable(url: &str, error: reqwest::Error) -> Error {
    let (url, error) = (shown(url), error.without_url());
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What is said of a server that gives this answer.
    async fn said(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.expect("a request");
            let answer = format!("HTTP/1.1 {answer}");
            stream.write_all(answer.as_bytes()).await.expect("sent");
        });
        let url = format!("http://me:secret@{address}");
        let error = post(&url, "/x", &[("a", "b")], JSON).await;
        let error = error.expect_err("refused").to_string();
        server.await.expect("no panic");
        assert!(!error.contains("secret"), "{error}");
        error
    }

    #[tokio::test]
    async fn only_the_server_itself_is_believed() {
        let moved =
            "302 Found\r\nLocation: https://me:secret@elsewhere/x\r\nContent-Length: 0\r\n\r\n";
        assert!(
            said(moved)
                .await
                .contains("redirects to https://elsewhere/x")
        );
        let login = "200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n";
        assert!(said(login).await.contains("answers with \"text/html\""));
        assert!(said("").await.contains("no answer from http://127.0.0.1"));
    }
}
