//! How an engine error travels through DataFusion.

use datafusion::error::DataFusionError;
use narthex_model::Error;

/// Wraps an error so that it passes DataFusion unchanged; whoever runs the plan takes it out again.
pub fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
