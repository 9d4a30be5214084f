//! `/api/v1/rules` and `/api/v1/alerts`: there are no rules yet; Grafana asks for both.

use axum::response::Response;
use serde_json::json;

use super::answer::answer_value;

/// No groups.
pub(crate) async fn rules() -> Response {
    answer_value(&json!({ "groups": [] }))
}

/// No alerts.
pub(crate) async fn alerts() -> Response {
    answer_value(&json!({ "alerts": [] }))
}
