//! `narthex.slo_slices` and `narthex.slo_status`: what is known of SLOs, for SQL.

mod slices;
mod status;

use std::sync::{Arc, Weak};

use narthex_model::{Error, Result};
use narthex_sql::MadeTable;

use super::keeper::Keeping;

/// The tables over what is kept.
pub(super) fn all(keeping: &Arc<Keeping>) -> Vec<Arc<dyn MadeTable>> {
    // The database belongs to what is kept, not the other way round.
    let keeping = Arc::downgrade(keeping);
    vec![
        Arc::new(slices::SlicesTable(keeping.clone())),
        Arc::new(status::StatusTable(keeping)),
    ]
}

fn there(keeping: &Weak<Keeping>) -> Result<Arc<Keeping>> {
    let there = keeping.upgrade();
    there.ok_or_else(|| Error::unavailable("the server is stopping"))
}

#[cfg(test)]
mod tests;
