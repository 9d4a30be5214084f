//! `/api/v1/slo/what-if`: which other targets would have been met.

use std::sync::Arc;

use axum::extract::State;
use narthex_model::Result;
use serde_json::json;

use super::super::answer::answer_value;
use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use super::{few, ids, of_wholes};
use crate::App;
use crate::serve::blocking;
use crate::slos::WhatIf;

/// The targets that the parameters name, over windows of the past: `slo`, `target`, `window`, `tz`, `at`, `exclusions`.
pub(crate) async fn what_if(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let (targets, shown) = (targets(&params)?, of_wholes(&params)?);
    let asked = WhatIf::new(targets, shown.windows.clone(), params.time("at")?)
        .map_err(|e| ApiError::parameter("target", e))?;
    let books = app.store()?.slos.ledgers(ids(&params), shown).await?;
    let work = move || {
        let looked = books.iter().map(|book| asked.over(book));
        Ok(looked.collect::<Result<Vec<_>>>()?.concat())
    };
    let looked = blocking(work).await?;
    Ok(answer_value(&json!({ "windows": looked })))
}

/// `target=99,99.9`, or several times `target=…`, in percent.
fn targets(params: &Params) -> ApiResult<Vec<f64>> {
    let number = |text: &str| {
        let wrong = |_| ApiError::parameter("target", format!("{text:?} is no percentage"));
        text.parse::<f64>().map_err(wrong)
    };
    few(params, "target")?.map(number).collect()
}
