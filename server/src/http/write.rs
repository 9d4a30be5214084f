//! `/api/v1/write`: remote write 1.0. 204 is an ack: every sample is on disk.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use narthex_formats::remote_write::{self, Limits};
use narthex_model::{Error, ErrorKind, Receipt, Rejection, Sink};

use super::params::read_body;
use super::{ApiError, ApiResult};
use crate::App;
use crate::limits::{WRITE_BODY_BYTES_MAX, WRITE_DECODED_BYTES_MAX};
use crate::times::format_time;

/// The handler.
pub(crate) async fn write(State(app): State<Arc<App>>, request: Request) -> ApiResult {
    check_headers(request.headers())?;
    let engine = app.store()?.engine.clone();
    let body = read_body(request.into_body(), WRITE_BODY_BYTES_MAX, &app).await?;
    let limits = Limits {
        decoded_bytes_max: WRITE_DECODED_BYTES_MAX,
    };
    let decoded = remote_write::decode(&body, &limits).map_err(decode_error)?;
    if decoded.skipped_series > 0 {
        let skipped = decoded.skipped_series;
        tracing::warn!(
            skipped,
            "remote write had series without a valid label set, which are left out"
        );
    }
    if decoded.batch.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let receipt = engine.write(decoded.batch).await?;
    match refusal(&receipt) {
        Some(message) => Err(ApiError::bad_data(message)),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// Both headers may be missing, as in Prometheus; what they say must be what is read here.
fn check_headers(headers: &HeaderMap) -> ApiResult<()> {
    let text = |name| {
        headers
            .get(name)
            .map(|v| v.to_str().unwrap_or("?").trim().to_ascii_lowercase())
    };
    if let Some(encoding) = text(header::CONTENT_ENCODING).filter(|e| e != "snappy") {
        let message = format!("content encoding {encoding:?} is not supported; send snappy");
        return Err(ApiError::unsupported_media(message));
    }
    match text(header::CONTENT_TYPE) {
        Some(content_type) if !is_version_1(&content_type) => {
            Err(ApiError::unsupported_media(format!(
                "content type {content_type:?} is not supported; send application/x-protobuf with remote write 1.0"
            )))
        }
        _ => Ok(()),
    }
}

fn is_version_1(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    parts.next() == Some("application/x-protobuf")
        && parts.all(|p| {
            p.strip_prefix("proto=")
                .is_none_or(|message| message == "prometheus.writerequest")
        })
}

/// A message that is too large has its own status; a sender must not repeat it.
fn decode_error(error: Error) -> ApiError {
    match error.kind() {
        ErrorKind::Limit => ApiError::too_large(WRITE_DECODED_BYTES_MAX),
        _ => error.into(),
    }
}

/// Says which samples were refused, if any were. The others are stored.
fn refusal(receipt: &Receipt) -> Option<String> {
    if receipt.rejected == 0 {
        return None;
    }
    let examples: Vec<_> = receipt.examples.iter().map(describe).collect();
    let (rejected, stored) = (receipt.rejected, receipt.stored);
    Some(format!(
        "{rejected} samples refused, {stored} stored; among the refused: {}",
        examples.join("; ")
    ))
}

fn describe(rejection: &Rejection) -> String {
    let Rejection {
        labels,
        timestamp,
        reason,
    } = rejection;
    format!(
        "{}: {labels} at {}",
        reason.as_str(),
        format_time(*timestamp)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for good in [
            "application/x-protobuf",
            "application/x-protobuf;proto=prometheus.writerequest",
        ] {
            assert!(is_version_1(good), "{good}");
        }
        for bad in [
            "application/json",
            "",
            "application/x-protobuf;proto=io.prometheus.write.v2.request",
        ] {
            assert!(!is_version_1(bad), "{bad}");
        }
    }
}
