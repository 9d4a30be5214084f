//! `/api/v1/labels` and `/api/v1/label/<name>/values`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use narthex_engine::Snapshot;
use narthex_model::{Matcher, Result, TimeRange};

use super::answer::{Notes, json, success};
use super::matchers::selectors;
use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::json::push_strings;

/// Names of the labels that the matched series have.
pub(crate) async fn names(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    list(&app, &params, Snapshot::label_names).await
}

/// Values of one label among the matched series.
pub(crate) async fn values(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    params: Params,
) -> ApiResult {
    let name = unescape(&name);
    if name.is_empty() {
        return Err(ApiError::bad_data("invalid label name: \"\""));
    }
    list(&app, &params, move |snapshot, matchers, range| {
        snapshot.label_values(&name, matchers, range)
    })
    .await
}

/// Merges what `find` finds for each selector, sorted.
async fn list<F>(app: &App, params: &Params, find: F) -> ApiResult<Response>
where
    F: Fn(&Snapshot, &[Matcher], TimeRange) -> Result<Vec<String>> + Send + 'static,
{
    let range = params.range()?;
    let limit = params.limit()?;
    let mut selectors = selectors(params)?;
    if selectors.is_empty() {
        selectors.push(Vec::new());
    }
    let snapshot = app.store()?.engine.snapshot();
    let body = app.queries.run(None, async move {
        let mut found = Vec::new();
        for matchers in &selectors {
            found.append(&mut find(&snapshot, matchers, range)?);
        }
        if selectors.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
        Ok(encode(&found, limit, snapshot.warnings()))
    });
    Ok(json(body.await?))
}

fn encode(found: &[String], limit: usize, warnings: Vec<String>) -> Vec<u8> {
    let mut notes = Notes {
        warnings,
        infos: Vec::new(),
    };
    if found.len() > limit {
        notes
            .warnings
            .push("results truncated due to limit".to_owned());
    }
    success(&notes, |out| {
        push_strings(found.iter().take(limit).map(String::as_str), out);
    })
}

/// Undoes the escaping of names that old clients cannot write: `U__` in front, `__` for `_`, `_hex_` for a character.
fn unescape(name: &str) -> String {
    match name.strip_prefix("U__").and_then(unescape_body) {
        Some(plain) => plain,
        None => name.to_owned(),
    }
}

fn unescape_body(escaped: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = escaped;
    while let Some((before, after)) = rest.split_once('_') {
        plain.push_str(before);
        let (code, tail) = after.split_once('_')?;
        match code {
            "" => plain.push('_'),
            hex => plain.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?),
        }
        rest = tail;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names() {
        let cases = [
            ("job", "job"),
            ("U__http_2e_status", "http.status"),
            ("U__a__b", "a_b"),
            ("U__", ""),
            ("U__a_zz_", "U__a_zz_"),
            ("U__a_", "U__a_"),
            ("U__a_110000_", "U__a_110000_"),
        ];
        for (escaped, plain) in cases {
            assert_eq!(unescape(escaped), plain);
        }
    }
}
