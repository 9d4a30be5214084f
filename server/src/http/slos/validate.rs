//! `/api/v1/slo/validate`: mistakes in specs, and what is hardly meant by what this server has stored.

use std::sync::Arc;

use axum::extract::State;
use narthex_model::Error;
use narthex_slo::lint::{Finding, lint};
use narthex_slo::{Options, Specs, Text, parse};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::super::answer::answer_value;
use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use crate::App;
use crate::serve::blocking;
use crate::slos::{EngineStore, lints_of_data, together};

/// Specs as texts, of any format: `spec`, several times. Nothing is kept.
pub(crate) async fn validate(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let texts: Vec<_> = params.all("spec").map(str::to_owned).collect();
    if texts.is_empty() {
        return Err(ApiError::parameter("spec", "expected the text of a spec"));
    }
    let read = move || Ok(read(&texts));
    let specs = blocking(read).await?;
    let specs = specs.map_err(|mistakes| ApiError::parameter("spec", mistakes))?;
    let store = app.store()?;
    let (snapshot, database) = (store.engine.snapshot(), store.database.clone());
    let store = EngineStore::new(snapshot, database, Handle::current());
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let work = move || {
        let mut found = lint(&specs.slos);
        let of_data = lints_of_data(&store, &specs.slos, cores.div_ceil(2))?;
        let is_empty = of_data.is_none();
        found.extend(of_data.unwrap_or_default());
        Ok((specs, found, is_empty))
    };
    let (specs, found, is_empty) = blocking(work).await?;
    let ids: Vec<_> = specs.slos.iter().map(|placed| &placed.slo.id).collect();
    let lints: Vec<_> = found.iter().map(shown).collect();
    Ok(answer_value(&json!({
        "slos": ids,
        "notes": specs.notes,
        "lints": lints,
        "has_samples": !is_empty,
    })))
}

/// Reads specs; or says every mistake.
fn read(texts: &[String]) -> Result<Specs, Error> {
    let text = |text| Text { file: "spec", text };
    let texts: Vec<_> = texts.iter().map(|t| text(t.as_str())).collect();
    parse(&texts, &Options::default()).map_err(|mistakes| together(&mistakes))
}

fn shown(finding: &Finding) -> Value {
    json!({
        "place": finding.place,
        "slo": finding.slo,
        "lint": finding.lint,
        "message": finding.message,
    })
}
