//! `/api/v1/series`: the label sets that selectors choose.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use narthex_model::Labels;

use super::answer::{Notes, json, success};
use super::matchers::selectors;
use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::json::{push_labels, push_list};

/// The handler.
pub(crate) async fn series(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let selectors = selectors(&params)?;
    if selectors.is_empty() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let range = params.range()?;
    let limit = params.limit()?;
    let snapshot = app.store()?.engine.snapshot();
    let body = app.queries.run(None, async move {
        let mut found = BTreeSet::new();
        for matchers in &selectors {
            let selection = snapshot.select(matchers, range)?;
            found.extend((0..selection.len()).map(|at| selection.series(at).labels.to_owned()));
        }
        Ok(encode(&found, limit, snapshot.warnings()))
    });
    Ok(json(body.await?))
}

fn encode(found: &BTreeSet<Labels>, limit: usize, warnings: Vec<String>) -> Vec<u8> {
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
        push_list(b"[]", found.iter().take(limit), out, |labels, out| {
            push_labels(labels.as_ref(), out);
        });
    })
}
