//! `/api/v1/query_exemplars`: the exemplars of all series that an expression selects.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use narthex_engine::{Snapshot, StoredExemplar};
use narthex_model::{Labels, Matcher, Result, TimeRange, push_float};
use narthex_promql::ast::{Expr, Node};
use narthex_promql::{ParseOptions, parse};

use super::answer::{Notes, json, success};
use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::json::{push_labels, push_list, push_timestamp};

/// Exemplars by series, in order of time.
type BySeries = BTreeMap<Labels, Vec<StoredExemplar>>;

/// The handler.
pub(crate) async fn query_exemplars(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let Some(query) = params.get("query") else {
        let message = "no expression found in input";
        return Err(ApiError::parameter("query", message));
    };
    let expression =
        parse(query, &ParseOptions::default()).map_err(|e| ApiError::parameter("query", e))?;
    let (selectors, range) = (selectors(&expression), params.range()?);
    let snapshot = app.store()?.engine.snapshot();
    let body = app.queries.run(None, async move {
        let found = find(&snapshot, &selectors, range)?;
        Ok(success(&Notes::default(), |out| encode(&found, out)))
    });
    Ok(json(body.await?))
}

/// The matchers of each selector in an expression.
fn selectors(expression: &Expr) -> Vec<Vec<Matcher>> {
    let mut selectors = Vec::new();
    expression.walk(&mut |expression| match &expression.node {
        Node::Vector(vector) => selectors.push(vector.matchers.clone()),
        Node::Matrix(matrix) => selectors.push(matrix.vector.matchers.clone()),
        _ => {}
    });
    selectors
}

fn find(snapshot: &Snapshot, selectors: &[Vec<Matcher>], range: TimeRange) -> Result<BySeries> {
    let mut found = BySeries::new();
    for matchers in selectors {
        let exemplars = snapshot.exemplars(matchers, range)?;
        for same in exemplars.chunk_by(|a, b| a.series == b.series) {
            if let Some(first) = same.first() {
                // Another selector may have found the same ones.
                found.insert(first.series.clone(), same.to_vec());
            }
        }
    }
    Ok(found)
}

fn encode(found: &BySeries, out: &mut Vec<u8>) {
    push_list(b"[]", found, out, |(series, exemplars), out| {
        out.extend_from_slice(b"{\"seriesLabels\":");
        push_labels(series.as_ref(), out);
        out.extend_from_slice(b",\"exemplars\":");
        push_list(b"[]", exemplars, out, push_exemplar);
        out.push(b'}');
    });
}

fn push_exemplar(exemplar: &StoredExemplar, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"labels\":");
    push_labels(exemplar.labels.as_ref(), out);
    out.extend_from_slice(b",\"value\":\"");
    push_float(exemplar.value, out);
    out.extend_from_slice(b"\",\"timestamp\":");
    push_timestamp(exemplar.timestamp, out);
    out.push(b'}');
}
