//! `/api/v1/slo/rules`: SLOs as rules for those who stay on Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use narthex_slo::rules::{Dialect, Form, rules as written};

use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use super::ids;
use crate::App;

const DIALECTS: [(&str, Dialect); 3] = [
    ("native", Dialect::Native),
    ("sloth", Dialect::Sloth),
    ("pyrra", Dialect::Pyrra),
];

const FORMS: [(&str, Form); 2] = [
    ("prometheus", Form::Prometheus),
    ("prometheusrule", Form::PrometheusRule),
];

/// A rule file: `dialect`, `format`, `slo`. What rules do not say stands above as comments.
pub(crate) async fn rules(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let dialect = choose(&params, "dialect", &DIALECTS)?;
    let form = choose(&params, "format", &FORMS)?;
    let slos = &app.store()?.slos;
    let books = slos.books();
    let ids = ids(&params);
    if let Some(id) = ids.iter().find(|id| books.find(id).is_none()) {
        return Err(slos.unknown(id).into());
    }
    let slos = books.all.iter().map(|known| &known.placed.slo);
    let chosen = slos.filter(|slo| ids.is_empty() || ids.contains(&slo.id));
    let rules = written(&chosen.cloned().collect::<Vec<_>>(), dialect, form);
    let mut text = String::new();
    for lost in &rules.lost {
        text.push_str(&format!("# {lost}\n"));
    }
    text.push_str(&rules.text);
    let headers = [(header::CONTENT_TYPE, "application/yaml; charset=utf-8")];
    Ok((headers, text).into_response())
}

/// The choice that a parameter makes; the first, if it is not there.
fn choose<T: Copy>(params: &Params, name: &str, choices: &[(&str, T)]) -> ApiResult<T> {
    let words: Vec<_> = choices.iter().map(|choice| choice.0).collect();
    let word = params.get(name).or(words.first().copied()).unwrap_or("");
    let found = choices.iter().find(|choice| choice.0 == word);
    found
        .map(|choice| choice.1)
        .ok_or_else(|| ApiError::parameter(name, format!("expected one of {}", words.join(", "))))
}
