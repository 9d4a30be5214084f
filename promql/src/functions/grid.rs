//! Step vectors back to sample lists, for range functions over subqueries.
//!
//! `prom_grid_times(vector, start, interval)` and `prom_grid_values(vector)`: holes are left out of both.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{any_signature, column, int};
use crate::steps::StepVectors;

/// Which half of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Half {
    /// Milliseconds.
    Times,
    /// Values.
    Values,
}

impl Half {
    /// The function for plans.
    pub(crate) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(GridUdf {
            half: self,
            signature: any_signature(),
        }))
    }

    fn item(self) -> DataType {
        match self {
            Self::Times => DataType::Int64,
            Self::Values => DataType::Float64,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct GridUdf {
    half: Half,
    signature: Signature,
}

impl ScalarUDFImpl for GridUdf {
    fn name(&self) -> &str {
        match self.half {
            Half::Times => "prom_grid_times",
            Half::Values => "prom_grid_values",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(
            self.half.item(),
            false,
        ))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let vectors = StepVectors::from_array(&column(&args.args, 0, args.number_rows)?)?;
        let child: ArrayRef = match self.half {
            Half::Times => {
                let (start, interval) = (int(&args.args, 1)?, int(&args.args, 2)?);
                let times = there(&vectors, |step, _| start + step as i64 * interval);
                Arc::new(Int64Array::from(times))
            }
            Half::Values => Arc::new(Float64Array::from(there(&vectors, |_, v| v))),
        };
        let lengths = (0..args.number_rows).map(|row| match vectors.row_present(row) {
            None => vectors.steps,
            Some(present) => present.count_set_bits(),
        });
        let field = Arc::new(Field::new_list_field(self.half.item(), false));
        let lists = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), child, None)?;
        Ok(ColumnarValue::Array(Arc::new(lists)))
    }
}

fn there<T>(vectors: &StepVectors, f: impl Fn(usize, f64) -> T) -> Vec<T> {
    let mut out = Vec::with_capacity(vectors.values.len());
    for row in 0..vectors.rows() {
        vectors.for_each(row, |step, v| out.push(f(step, v)));
    }
    out
}
