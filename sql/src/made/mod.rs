//! Tables that somebody else brings: they stand beside those about the store.

mod exec;
mod provider;
mod wanted;

use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use narthex_model::Result;

pub(crate) use provider::Made;
pub use wanted::{Sieve, Wanted};

/// A table whose rows are made when a statement reads it.
pub trait MadeTable: Send + Sync {
    /// Its name in schema `narthex`.
    fn name(&self) -> &'static str;

    /// Its columns.
    fn schema(&self) -> SchemaRef;

    /// By which columns it can leave rows out before they are made.
    fn sieve(&self) -> Sieve {
        Sieve::default()
    }

    /// The rows that are wanted, with just the columns that are wanted. Both this and what it gives may take long: they are called on a
    /// thread of their own, which stops once nobody wants more.
    ///
    /// # Errors
    /// Whatever they are made of says.
    fn rows(&self, wanted: Wanted) -> Result<MadeRows>;
}

/// Rows, made as they are asked for.
pub type MadeRows = Box<dyn Iterator<Item = Result<RecordBatch>>>;

/// The tables that were brought, once.
pub(crate) type MadeTables = Arc<OnceLock<Vec<Arc<dyn MadeTable>>>>;
