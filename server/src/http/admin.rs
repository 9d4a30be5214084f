//! `/-/healthy`, `/-/ready`, `/-/reload`: what an operator asks.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::App;

/// The process lives.
pub(crate) async fn healthy() -> &'static str {
    "Narthex is Healthy.\n"
}

/// The store is open.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.is_ready() {
        "Narthex is Ready.\n".into_response()
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "Service Unavailable: the write-ahead log is being replayed\n",
        )
            .into_response()
    }
}

/// Reads the configuration again; a broken one changes nothing.
pub(crate) async fn reload(State(app): State<Arc<App>>) -> Response {
    if !app.settings.flags.enable_lifecycle {
        return (
            StatusCode::FORBIDDEN,
            "Lifecycle API is not enabled: start with --web.enable-lifecycle\n",
        )
            .into_response();
    }
    match crate::reload::reload(&app).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(e) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("failed to reload config: {e}\n"),
        )
            .into_response(),
    }
}
