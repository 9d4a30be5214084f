//! `/api/v1/slo/backtest`: when policies would have told somebody.

use std::sync::Arc;

use axum::extract::State;
use narthex_model::Result;
use narthex_slo::policies::NAMES;
use serde_json::json;

use super::super::answer::answer_value;
use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use super::ask;
use crate::App;
use crate::serve::blocking;
use crate::slos::{Candidate, Replay, incidents};

/// The policies that the parameters name or hold, over their time: `slo`, `policy`, `policies`, `incidents`, `start`, `end`, `step`.
pub(crate) async fn backtest(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let step_ms = params.duration("step")?.unwrap_or(60_000);
    if step_ms <= 0 {
        return Err(ApiError::parameter("step", "expected more than nothing"));
    }
    let given = params.get("incidents");
    let given = given.map(|text| incidents("incidents", text));
    let replay = Replay {
        candidates: candidates(&params)?,
        span: params.range()?,
        step_ms,
        incidents: given
            .transpose()
            .map_err(|e| ApiError::parameter("incidents", e))?,
    };
    let ids = params.all("slo").map(str::to_owned).collect();
    let answer = app.store()?.slos.ask(ask(&params, ids)?).await?;
    let work = move || {
        let books = answer.books.iter().map(|book| replay.over(book));
        Ok(books.collect::<Result<Vec<_>>>()?.concat())
    };
    let replayed = blocking(work).await?;
    Ok(answer_value(&json!({ "policies": replayed })))
}

/// Policies by name, and those whose text is sent.
fn candidates(params: &Params) -> ApiResult<Vec<Candidate>> {
    let named = params.all("policy").flat_map(|text| text.split(','));
    let named: Vec<_> = named.filter(|name| !name.is_empty()).collect();
    if let Some(wrong) = named.iter().find(|name| !NAMES.contains(name)) {
        let names = NAMES.join(", ");
        let expected = format!("there is no policy {wrong:?}, expected {names}");
        return Err(ApiError::parameter("policy", expected));
    }
    let named = named
        .iter()
        .map(|name| Candidate::BuiltIn((*name).to_owned()));
    let sent = params.all("policies").map(|text| Candidate::File {
        name: "policies".to_owned(),
        text: text.to_owned(),
    });
    Ok(named.chain(sent).collect())
}
