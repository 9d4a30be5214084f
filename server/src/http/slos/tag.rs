//! ETags: who has seen an answer already is told so.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use narthex_model::TimestampMs;
use narthex_slo::spec::Slo;

/// The tag of what follows from specs alone, or from them and what was counted up to `at`.
pub(super) fn tag<'a>(
    slos: impl IntoIterator<Item = &'a Slo>,
    at: Option<TimestampMs>,
    request: &str,
) -> String {
    let mut hasher = DefaultHasher::new();
    for slo in slos {
        // What tells two specs apart is in this text.
        format!("{slo:?}").hash(&mut hasher);
    }
    (at, request).hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Whether the client has this answer.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|value| value.to_str().ok()).unwrap_or("");
    let tags = known
        .split(',')
        .map(|tag| tag.trim().trim_start_matches("W/"));
    let mut tags = tags;
    tags.any(|known| known == tag || known == "*")
}

/// 304: nothing has changed.
pub(super) fn unchanged(tag: &str) -> Response {
    tagged(StatusCode::NOT_MODIFIED.into_response(), tag)
}

/// The answer with its tag.
pub(super) fn tagged(mut response: Response, tag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}
