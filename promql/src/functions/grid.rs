//! Step vectors back to sample lists, for range functions over subqueries.
//!
//! `prom_grid_times(vector, start, interval)` and `prom_grid_values(vector)`: holes are left out of both. Of mixed vectors,
//! `prom_grid_histograms(vector, start, interval)` gives the histograms.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use narthex_model::{ResetHint, histogram_item};

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
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

impl PlanFunction for GridColumn {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::Times => "prom_grid_times",
            Self::Values => "prom_grid_values",
            Self::Histograms => "prom_grid_histograms",
        };
        name.into()
    }

    fn returns(&self, _: &ArgumentTypes<'_>) -> Result<DataType> {
        let item = match self {
            Self::Times => DataType::Int64,
            Self::Values => DataType::Float64,
            Self::Histograms => histogram_item(),
        };
        Ok(DataType::List(Arc::new(Field::new_list_field(item, false))))
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let rows = arguments.rows();
        let on_grid = |step: usize| -> Result<i64> {
            let (start, interval) = (arguments.int(1)?, arguments.int(2)?);
            Ok(start.saturating_add(interval.saturating_mul(step as i64)))
        };
        match self {
            Self::Times => {
                let vectors = arguments.vectors(0)?;
                let times = (0..vectors.steps).map(on_grid);
                let times = times.collect::<Result<Vec<_>>>()?;
                floats(&vectors, rows, |step, _| times[step], Int64Array::from)
            }
            Self::Values => floats(&arguments.vectors(0)?, rows, |_, v| v, Float64Array::from),
            Self::Histograms => histograms(&arguments.mixed(0)?, rows, on_grid),
        }
    }
}

/// One list per row with an item for each float.
fn floats<T, A: Array + 'static>(
    vectors: &StepVectors,
    rows: usize,
    item: impl Fn(usize, f64) -> T,
    array: impl Fn(Vec<T>) -> A,
) -> Result<ArrayRef> {
    let items = array(there(vectors, item));
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
    vectors: &MixedVectors,
    rows: usize,
    on_grid: impl Fn(usize) -> Result<i64>,
) -> Result<ArrayRef> {
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
