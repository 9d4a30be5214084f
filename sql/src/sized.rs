//! How many bytes a batch takes. One that is cut out of a larger one counts for its rows alone: operators that cut what they made
//! into batches would be charged for all of it each time.

use arrow::array::{Array, RecordBatch};
use datafusion::common::Result;

/// The bytes of the rows of `batch`.
pub(crate) fn bytes(batch: &RecordBatch) -> Result<usize> {
    let mut bytes = 0_usize;
    for column in batch.columns() {
        bytes = bytes.saturating_add(column.to_data().get_slice_memory_size()?);
    }
    Ok(bytes)
}
