//! `/api/v1/metadata`: what scraped metrics say of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde_json::{Value, json};

use super::ApiResult;
use super::answer::answer_value;
use super::params::Params;
use crate::App;

/// The handler.
pub(crate) async fn metadata(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let found = app
        .store()?
        .scraping
        .metadata(params.get("metric"), params.limit()?);
    let shown: BTreeMap<String, Value> = found
        .into_iter()
        .map(|(name, m)| {
            (
                name,
                json!([{ "type": m.metric_type.as_str(), "unit": m.unit, "help": m.help }]),
            )
        })
        .collect();
    Ok(answer_value(&json!(shown)))
}
