//! What is hardly meant in specs, by the data of a store.

use narthex_model::Result;
use narthex_slo::Placed;
use narthex_slo::fill::FillOptions;
use narthex_slo::lint::{Finding, ask, observed};
use narthex_slo::store::Store;

use super::EngineStore;

/// What only data tell; `None`: there are none yet. Blocks the caller.
///
/// # Errors
/// Whatever the store says.
pub(crate) fn lints_of_data(
    store: &EngineStore,
    slos: &[Placed],
    threads: usize,
) -> Result<Option<Vec<Finding>>> {
    if store.span().is_none() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for placed in slos {
        let answers = ask(store, &placed.slo, FillOptions::threads(threads));
        let answers = answers.map_err(|e| e.context(format!("SLO {}", placed.slo.id)))?;
        found.extend(observed(placed, &answers));
    }
    Ok(Some(found))
}
