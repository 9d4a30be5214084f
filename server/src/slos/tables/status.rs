//! `narthex.slo_status`: how SLOs stand.

use std::sync::Weak;

use arrow::datatypes::SchemaRef;
use narthex_model::{Error, Result};
use narthex_slo::report::parquet;
use narthex_sql::{MadeRows, MadeTable, Wanted};

use super::there;
use crate::slos::keeper::Keeping;
use crate::slos::standing;

/// A row per SLO, window and group: the long form of reports.
pub(super) struct StatusTable(pub(super) Weak<Keeping>);

impl MadeTable for StatusTable {
    fn name(&self) -> &'static str {
        "slo_status"
    }

    fn schema(&self) -> SchemaRef {
        parquet::schema()
    }

    fn rows(&self, wanted: Wanted) -> Result<MadeRows> {
        let books = there(&self.0)?.books();
        let report = standing(&books, |_| true)?;
        let rows = parquet::batch(&report)?.project(&wanted.columns);
        let failed = |e| Error::internal("columns of slo_status").with_source(e);
        Ok(Box::new(std::iter::once(rows.map_err(failed))))
    }
}
