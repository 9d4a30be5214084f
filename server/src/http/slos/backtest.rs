//! `/api/v1/slo/backtest`: when policies would have told somebody.

use std::sync::Arc;

use axum::extract::State;
use narthex_model::{Result, TimeRange};
use narthex_slo::policies::NAMES;
use narthex_slo::spec::LONGEST_MS;
use serde_json::json;

use super::super::answer::answer_value;
use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use super::{LIST_MAX, ids, of_wholes};
use crate::App;
use crate::serve::blocking;
use crate::slos::{Candidate, Replay, incidents};

/// The policies that the parameters name or hold, over their time: `slo`, `policy`, `policies`, `incidents`, `start`, `end`, `step`, `window`, `exclusions`.
pub(crate) async fn backtest(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let step_ms = params.duration("step")?.unwrap_or(60_000);
    if !(1..=LONGEST_MS).contains(&step_ms) {
        let expected = "expected more than nothing and at most ten years";
        return Err(ApiError::parameter("step", expected));
    }
    let given = params.get("incidents");
    let given = given.map(|text| incidents("incidents", text));
    let replay = Replay {
        candidates: candidates(&params)?,
        span: TimeRange {
            end: params.time("end")?.unwrap_or(i64::MAX),
            ..params.range()?
        },
        step_ms,
        incidents: given
            .transpose()
            .map_err(|e| ApiError::parameter("incidents", e))?,
    };
    let books = app
        .store()?
        .slos
        .ledgers(ids(&params), of_wholes(&params)?)
        .await?;
    let work = move || {
        let replayed = books.iter().map(|book| replay.over(book));
        Ok(replayed.collect::<Result<Vec<_>>>()?.concat())
    };
    let replayed = blocking(work).await?;
    Ok(answer_value(&json!({ "policies": replayed })))
}

/// Policies by name, and those whose text is sent, in their order.
fn candidates(params: &Params) -> ApiResult<Vec<Candidate>> {
    let mut candidates = Vec::new();
    for (parameter, value) in params.pairs() {
        match parameter {
            "policy" => {
                let names = value.split(',').filter(|name| !name.is_empty());
                let named: Vec<_> = names.map(built_in).collect::<Result<_, _>>()?;
                candidates.extend(named);
            }
            "policies" => candidates.push(Candidate::File {
                name: "policies".to_owned(),
                text: value.to_owned(),
            }),
            _ => {}
        }
    }
    if candidates.len() > LIST_MAX {
        let expected = format!("expected at most {LIST_MAX} policies");
        return Err(ApiError::parameter("policy", expected));
    }
    Ok(candidates)
}

fn built_in(name: &str) -> ApiResult<Candidate> {
    if NAMES.contains(&name) {
        return Ok(Candidate::BuiltIn(name.to_owned()));
    }
    let names = NAMES.join(", ");
    let expected = format!("there is no policy {name:?}, expected {names}");
    Err(ApiError::parameter("policy", expected))
}
