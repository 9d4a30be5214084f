//! Step vectors back to sample lists, for range functions over subqueries.
//!
//! `prom_grid_times(vector, start, interval)` and `prom_grid_values(vector)`: holes are left out of both. Of mixed vectors,
//! `prom_grid_histograms(vector, start, interval)` gives the histograms.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use narthex_model::{ResetHint, histogram_item};

use super::arguments::{any_signature, column, int};
use crate::mixed::{HistogramListWriter, MixedVectors};
use crate::steps::StepVectors;

/// Which column of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum GridColumn {
    /// Milliseconds.
    Times,
    /// Values.
    Values,
    /// Native histograms with their times.
    Histograms,
}

impl GridColumn {
    /// The function for plans.
    pub(crate) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(GridUdf {
            column: self,
            signature: any_signature(),
        }))
    }

    fn item(self) -> DataType {
        match self {
            Self::Times => DataType::Int64,
            Self::Values => DataType::Float64,
            Self::Histograms => histogram_item(),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct GridUdf {
    column: GridColumn,
    signature: Signature,
}

impl ScalarUDFImpl for GridUdf {
    fn name(&self) -> &str {
        match self.column {
            GridColumn::Times => "prom_grid_times",
            GridColumn::Values => "prom_grid_values",
            GridColumn::Histograms => "prom_grid_histograms",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(
            self.column.item(),
            false,
        ))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let args = args.args;
        let vector = column(&args, 0, rows)?;
        let on_grid = |step: usize| -> Result<i64> {
            Ok(int(&args, 1)?.saturating_add(int(&args, 2)?.saturating_mul(step as i64)))
        };
        let lists = match self.column {
            GridColumn::Times => {
                let times = (0..StepVectors::from_array(&vector)?.steps).map(on_grid);
                let times = times.collect::<Result<Vec<_>>>()?;
                floats(&vector, rows, |step, _| times[step], Int64Array::from)
            }
            GridColumn::Values => floats(&vector, rows, |_, v| v, Float64Array::from),
            GridColumn::Histograms => histograms(&vector, rows, on_grid),
        };
        Ok(ColumnarValue::Array(lists?))
    }
}

/// One list per row with an item for each float.
fn floats<T, A: Array + 'static>(
    vector: &ArrayRef,
    rows: usize,
    item: impl Fn(usize, f64) -> T,
    array: impl Fn(Vec<T>) -> A,
) -> Result<ArrayRef> {
    let vectors = StepVectors::from_array(vector)?;
    let items = array(there(&vectors, item));
    let lengths = (0..rows).map(|row| match vectors.row_present(row) {
        None => vectors.steps,
        Some(present) => present.count_set_bits(),
    });
    let field = Arc::new(Field::new_list_field(items.data_type().clone(), false));
    let offsets = OffsetBuffer::from_lengths(lengths);
    let lists = ListArray::try_new(field, offsets, Arc::new(items), None)?;
    Ok(Arc::new(lists))
}

/// One list per row of the histograms, at their times.
fn histograms(
    vector: &ArrayRef,
    rows: usize,
    on_grid: impl Fn(usize) -> Result<i64>,
) -> Result<ArrayRef> {
    let vectors = MixedVectors::from_array(vector)?;
    let mut out = HistogramListWriter::default();
    for row in 0..rows {
        for (step, mut histogram) in vectors.histograms(row) {
            // Samples between two instants of the grid are left out, or one is at several of them: what was known of resets before
            // each does not hold here.
            if histogram.hint != ResetHint::Gauge {
                histogram.hint = ResetHint::Unknown;
            }
            out.push(on_grid(step)?, &histogram);
        }
        out.end_row();
    }
    out.finish()
}

fn there<T>(vectors: &StepVectors, f: impl Fn(usize, f64) -> T) -> Vec<T> {
    let mut out = Vec::with_capacity(vectors.values.len());
    for row in 0..vectors.rows() {
        vectors.for_each(row, |step, v| out.push(f(step, v)));
    }
    out
}
