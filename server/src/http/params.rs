//! Parameters of a request: from the URL, and from the form of a POST, whose values come first.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, header};
use bytes::BytesMut;
use futures::StreamExt;
use narthex_model::{TimeRange, TimestampMs};

use super::{ApiError, ApiResult};
use crate::App;
use crate::limits::FORM_BODY_BYTES_MAX;
use crate::times::{parse_step, parse_time};

/// Names and values as sent; a name may stand several times.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The first value of `name`; an empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
            .filter(|v| !v.is_empty())
    }

    /// All values of `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// All names and values, in the order that they were sent.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Whether `name` is set to `true`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| matches!(v, "true" | "1"))
    }

    /// The time `name`, if it was sent.
    ///
    /// # Errors
    /// It is no time.
    pub(crate) fn time(&self, name: &str) -> ApiResult<Option<TimestampMs>> {
        self.get(name)
            .map(parse_time)
            .transpose()
            .map_err(|e| ApiError::parameter(name, e))
    }

    /// The time `name`.
    ///
    /// # Errors
    /// It is missing or no time.
    pub(crate) fn required_time(&self, name: &str) -> ApiResult<TimestampMs> {
        parse_time(self.get(name).unwrap_or("")).map_err(|e| ApiError::parameter(name, e))
    }

    /// The duration `name` in milliseconds, if it was sent.
    ///
    /// # Errors
    /// It is no duration.
    pub(crate) fn duration(&self, name: &str) -> ApiResult<Option<i64>> {
        self.get(name)
            .map(parse_step)
            .transpose()
            .map_err(|e| ApiError::parameter(name, e))
    }

    /// The duration `name` in milliseconds.
    ///
    /// # Errors
    /// It is missing or no duration.
    pub(crate) fn required_duration(&self, name: &str) -> ApiResult<i64> {
        parse_step(self.get(name).unwrap_or("")).map_err(|e| ApiError::parameter(name, e))
    }

    /// How many results are wanted at most; 0 and nothing mean all.
    ///
    /// # Errors
    /// It is negative or no number.
    pub(crate) fn limit(&self) -> ApiResult<usize> {
        self.count("limit")
    }

    /// The count `name`; 0 and nothing mean all.
    ///
    /// # Errors
    /// It is negative or no number.
    pub(crate) fn count(&self, name: &str) -> ApiResult<usize> {
        let Some(text) = self.get(name) else {
            return Ok(usize::MAX);
        };
        let limit: i64 = text
            .parse()
            .map_err(|_| ApiError::parameter(name, format!("cannot parse {text:?} as a number")))?;
        match usize::try_from(limit) {
            Ok(0) => Ok(usize::MAX),
            Ok(limit) => Ok(limit),
            Err(_) => Err(ApiError::parameter(name, "limit must be non-negative")),
        }
    }

    /// The span from `start` to `end`, both included; all of time where they are absent.
    ///
    /// # Errors
    /// One of them is no time, or `end` lies before `start`.
    pub(crate) fn range(&self) -> ApiResult<TimeRange> {
        let start = self.time("start")?.unwrap_or(i64::MIN);
        let end = self.time("end")?.unwrap_or(i64::MAX);
        if end < start {
            return Err(ApiError::parameter(
                "end",
                "end timestamp must not be before start time",
            ));
        }
        Ok(TimeRange::inclusive(start, end))
    }
}

impl FromRequest<Arc<App>> for Params {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let mut params = Vec::new();
        if matches!(parts.method, Method::POST | Method::PUT) && is_form(&parts.headers) {
            let form = read_body(body, FORM_BODY_BYTES_MAX, app).await?;
            params.extend(form_urlencoded::parse(&form).into_owned());
        }
        let query = parts.uri.query().unwrap_or("");
        params.extend(form_urlencoded::parse(query.as_bytes()).into_owned());
        Ok(Self(params))
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    content_type
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("application/x-www-form-urlencoded")
}

/// Reads a whole body.
///
/// # Errors
/// It is larger than `bytes_max`, arrives too slowly, or ends early.
pub(crate) async fn read_body(body: Body, bytes_max: usize, app: &App) -> ApiResult<Bytes> {
    let time_max = app.settings.flags.read_timeout.as_std();
    tokio::time::timeout(time_max, collect(body, bytes_max))
        .await
        .map_err(|_| ApiError::slow_body())?
}

async fn collect(body: Body, bytes_max: usize) -> ApiResult<Bytes> {
    let mut pieces = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece
            .map_err(|e| ApiError::bad_data(format!("the request body cannot be read: {e}")))?;
        if whole.len() + piece.len() > bytes_max {
            return Err(ApiError::too_large(bytes_max));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}
