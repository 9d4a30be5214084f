//! Errors on the wire: the one place where a kind becomes a status (docs/errors.md).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use narthex_model::{Error, ErrorKind};

use crate::json::push_string;

/// An error as a client sees it: Prometheus' envelope with its status.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

/// What a handler answers.
pub(crate) type ApiResult<T = Response> = Result<T, ApiError>;

impl ApiError {
    /// 400: the request is wrong.
    pub(crate) fn bad_data(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error_type: "bad_data",
            message: message.into(),
        }
    }

    /// 400: parameter `name` is wrong.
    pub(crate) fn parameter(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter \"{name}\": {reason}"))
    }

    /// 503: it is not to be had here.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error_type: "unavailable",
            message: message.into(),
        }
    }

    /// 413: the body is larger than `bytes_max`.
    pub(crate) fn too_large(bytes_max: usize) -> Self {
        let message = format!("the body is larger than {bytes_max} bytes; send less at once");
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Self::bad_data(message)
        }
    }

    /// 415: the body is in a form that is not read here.
    pub(crate) fn unsupported_media(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ..Self::bad_data(message)
        }
    }

    /// 503: the query ran out of time.
    pub(crate) fn timeout(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error_type: "timeout",
            message: message.into(),
        }
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn slow_body() -> Self {
        Self {
            status: StatusCode::REQUEST_TIMEOUT,
            ..Self::timeout("the request body did not arrive in time; see --web.read-timeout")
        }
    }

    /// An evaluation that failed: a mistake in the request is then 422, as in Prometheus.
    pub(crate) fn execution(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Invalid => Self {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                error_type: "execution",
                message: error.to_string(),
            },
            _ => Self::from_error(error),
        }
    }

    /// What went wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    fn from_error(error: &Error) -> Self {
        let (status, error_type) = status_of(error.kind());
        let message = error.to_string();
        match error.kind() {
            ErrorKind::Internal | ErrorKind::Corrupt => {
                tracing::error!(kind = ?error.kind(), error = %message, "request failed");
            }
            ErrorKind::Unavailable => {
                tracing::warn!(kind = ?error.kind(), error = %message, "request failed");
            }
            _ => tracing::debug!(kind = ?error.kind(), error = %message, "request refused"),
        }
        Self {
            status,
            error_type,
            message,
        }
    }
}

/// HTTP status and `errorType` of a kind of error.
fn status_of(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "bad_data"),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        ErrorKind::Limit => (StatusCode::UNPROCESSABLE_ENTITY, "execution"),
        ErrorKind::Unavailable | ErrorKind::Closed => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        ErrorKind::Corrupt | ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::from_error(&error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = b"{\"status\":\"error\",\"errorType\":\"".to_vec();
        body.extend_from_slice(self.error_type.as_bytes());
        body.extend_from_slice(b"\",\"error\":");
        push_string(&self.message, &mut body);
        body.push(b'}');
        (
            self.status,
            [(header::CONTENT_TYPE, "application/json")],
            body,
        )
            .into_response()
    }
}
