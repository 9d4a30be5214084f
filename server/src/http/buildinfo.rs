//! `/api/v1/status/buildinfo`: which program answers. It has no `features`: with them Grafana takes a server for Mimir.

use axum::response::Response;
use serde_json::json;

use super::answer::answer_value;

/// Name and version; the keys are Prometheus'.
pub(crate) async fn buildinfo() -> Response {
    answer_value(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "revision": "",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
        "application": "Narthex",
    }))
}
