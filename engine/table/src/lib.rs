//! How does DataFusion read the engine? The one bridge between them.
//!
//! Two shapes of the same storage: [`SeriesTable`] has one row per series and is what PromQL plans scan,
//! [`MetricTable`] has one row per sample and is what SQL sees. Both read through one operator that decodes contiguous
//! ranges of a [`narthex_engine::Selection`]. [`SystemTable`] lists what is stored.

mod blank;
mod error;
mod filter;
mod histograms;
mod labels;
mod metric;
mod order;
mod read;
mod series;
mod series_columns;
mod system;
mod work;

pub use blank::BlankExec;
pub use error::external;
pub use filter::time_range;
pub use labels::ColumnNames;
pub use metric::MetricTable;
pub use read::{ReadExec, ReadPlan};
pub use series::SeriesTable;
pub use system::SystemTable;

#[cfg(test)]
mod tests;
