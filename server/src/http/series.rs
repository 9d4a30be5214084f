//! `/api/v1/series`: the label sets that selectors choose.

use std::sync::Arc;

use axum::extract::State;
use narthex_engine::Selection;
use narthex_model::LabelsRef;

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
        let selected = selectors.iter().map(|m| snapshot.select(m, range));
        let selected: Vec<_> = selected.collect::<Result<_, _>>()?;
        let mut found: Vec<_> = selected.iter().flat_map(labels_of).collect();
        // Each selection is sorted and has no series twice.
        if selected.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
        Ok(encode(&found, limit, snapshot.warnings()))
    });
    Ok(json(body.await?))
}

fn labels_of(selection: &Selection) -> impl Iterator<Item = LabelsRef<'_>> {
    (0..selection.len()).map(|at| selection.series(at).labels)
}

fn encode(found: &[LabelsRef<'_>], limit: usize, warnings: Vec<String>) -> Vec<u8> {
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
        let shown = found.get(..limit).unwrap_or(found);
        let bytes = shown.iter().map(|l| l.as_bytes().len() * 2);
        out.reserve(bytes.sum());
        push_list(b"[]", shown, out, |labels, out| push_labels(*labels, out));
    })
}
