//! `/api/v1/metadata`: what metrics say of themselves, scraped or written.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use narthex_model::Metadata;
use serde_json::{Value, json};

use super::ApiResult;
use super::answer::answer_value;
use super::params::Params;
use crate::App;

/// The handler.
pub(crate) async fn metadata(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let (limit, per_metric) = (params.limit()?, params.count("limit_per_metric")?);
    let snapshot = app.store()?.engine.snapshot();
    let found = snapshot.metadata(params.get("metric"), limit);
    let shown: BTreeMap<String, Vec<Value>> = found
        .into_iter()
        .map(|(name, all)| (name, all.iter().take(per_metric).map(show).collect()))
        .collect();
    Ok(answer_value(&json!(shown)))
}

fn show(metadata: &Metadata) -> Value {
    let metric_type = metadata.metric_type.as_str();
    json!({ "type": metric_type, "unit": metadata.unit, "help": metadata.help })
}
