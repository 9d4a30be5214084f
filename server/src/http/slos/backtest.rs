//! `/api/v1/slo/backtest`: when policies would have told somebody.

use std::sync::Arc;

use axum::extract::State;
use narthex_model::TimeRange;
use narthex_slo::backtest::{judge, replay};
use narthex_slo::budget::{Book, IncidentRule, incidents};
use narthex_slo::policies::{NAMES, built_in};
use narthex_slo::spec::{Policy, Window};
use serde_json::json;

use super::super::answer::answer_value;
use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use super::ask;
use crate::App;
use crate::serve::blocking;
use crate::slos::Replayed;

/// What is replayed.
#[derive(Debug, Clone)]
struct Asked {
    /// Names of known policies; none: those of the specs.
    policies: Vec<String>,
    span: TimeRange,
    step_ms: i64,
}

/// The policies that the parameters name, over their time: `slo`, `policy`, `start`, `end`, `step`.
pub(crate) async fn backtest(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let named = params.all("policy").flat_map(|text| text.split(','));
    let policies: Vec<_> = named
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if let Some(wrong) = policies.iter().find(|name| !NAMES.contains(&name.as_str())) {
        let expected = format!(
            "there is no policy {wrong:?}, expected {}",
            NAMES.join(", ")
        );
        return Err(ApiError::parameter("policy", expected));
    }
    let step_ms = params.duration("step")?.unwrap_or(60_000);
    if step_ms <= 0 {
        return Err(ApiError::parameter("step", "expected more than nothing"));
    }
    let asked = Asked {
        policies,
        span: params.range()?,
        step_ms,
    };
    let ids = params.all("slo").map(str::to_owned).collect();
    let answer = app.store()?.slos.ask(ask(&params, ids)?).await?;
    let work = move || {
        let mut all = Vec::new();
        for book in &answer.books {
            all.extend(replayed(book, &asked)?);
        }
        Ok(all)
    };
    let replayed = blocking(work).await?;
    let shown: Vec<_> = replayed.iter().map(Replayed::to_json).collect();
    Ok(answer_value(&json!({ "policies": shown })))
}

fn replayed(book: &Book, asked: &Asked) -> narthex_model::Result<Vec<Replayed>> {
    let (slo, meter) = (book.slo(), book.all());
    let Some(window) = slo.windows.first() else {
        return Ok(Vec::new());
    };
    let span = asked.span.intersection(&meter.known());
    let found = incidents(meter, span, IncidentRule::default());
    let found: Vec<_> = found.iter().map(|incident| incident.span).collect();
    let mut all = Vec::new();
    for policy in policies(&slo.policies, &asked.policies, window) {
        let fired = replay(&policy, meter, window, &slo.missing, span, asked.step_ms)?;
        all.push(Replayed {
            slo: slo.id.clone(),
            result: judge(fired, meter, window, span, &found),
            policy,
        });
    }
    Ok(all)
}

fn policies(own: &[Policy], named: &[String], window: &Window) -> Vec<Policy> {
    if named.is_empty() {
        return own.to_vec();
    }
    let of_name = |name: &String| {
        let policies = built_in(name, window.nominal_ms()).unwrap_or_default();
        let named = move |policy: Policy| Policy {
            name: format!("{name} {}", policy.name),
            ..policy
        };
        policies.into_iter().map(named).collect::<Vec<_>>()
    };
    named.iter().flat_map(of_name).collect()
}
