//! Step vectors: one value per series and step, with holes, flat in memory.
//!
//! As an Arrow column a step vector is `FixedSizeList<Float64, T>`, one list per series; a null item is a hole.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeListArray, Float64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::common::{DataFusionError, Result};

use crate::mixed::{floats_of, is_mixed};

/// The Arrow type of step vectors of `steps` steps.
pub(crate) fn step_type(steps: usize) -> DataType {
    DataType::FixedSizeList(
        Arc::new(Field::new_list_field(DataType::Float64, true)),
        steps as i32,
    )
}

/// The number of steps of a type of step vectors or mixed vectors.
pub(crate) fn steps_of(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::Struct(fields) if is_mixed(data_type) => steps_of(fields[0].data_type()),
        DataType::FixedSizeList(item, steps) if *item.data_type() == DataType::Float64 => {
            usize::try_from(*steps).ok()
        }
        _ => None,
    }
}

/// Values of `rows * steps` points, row after row. `present` is `None` if there is no hole.
#[derive(Debug, Clone)]
pub(crate) struct StepVectors {
    pub(crate) steps: usize,
    pub(crate) values: ScalarBuffer<f64>,
    pub(crate) present: Option<NullBuffer>,
}

impl StepVectors {
    /// Borrows the buffers of a step-vector column, or those of the floats of mixed vectors. A null list counts as a row of holes.
    pub(crate) fn from_array(array: &dyn Array) -> Result<Self> {
        let array = floats_of(array).map_or(array, AsRef::as_ref);
        let Some(lists) = array.as_fixed_size_list_opt() else {
            return Err(DataFusionError::Internal(format!(
                "expected step vectors, got {}",
                array.data_type()
            )));
        };
        let steps = lists.value_length() as usize;
        let child = lists.values().as_primitive::<Float64Type>();
        let rows = lists
            .nulls()
            .filter(|n| n.null_count() > 0)
            .map(|rows| expand(rows, steps));
        let items = child.nulls().filter(|n| n.null_count() > 0).cloned();
        Ok(Self {
            steps,
            values: child.values().clone(),
            present: NullBuffer::union(rows.as_ref(), items.as_ref()),
        })
    }

    /// Number of rows; none if there is no step.
    pub(crate) fn rows(&self) -> usize {
        self.values.len().checked_div(self.steps).unwrap_or(0)
    }

    /// The values of row `row`, holes included.
    pub(crate) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.steps..(row + 1) * self.steps]
    }

    /// Whether there is a point at `step` of row `row`.
    pub(crate) fn has(&self, row: usize, step: usize) -> bool {
        let present = self.present.as_ref();
        present.is_none_or(|present| present.is_valid(row * self.steps + step))
    }

    /// Which points of row `row` are there; `None` if all are.
    pub(crate) fn row_present(&self, row: usize) -> Option<BooleanBuffer> {
        let present = self
            .present
            .as_ref()?
            .inner()
            .slice(row * self.steps, self.steps);
        (present.count_set_bits() < self.steps).then_some(present)
    }

    /// Calls `f` with the step and value of each point of `row` that is there.
    pub(crate) fn for_each(&self, row: usize, mut f: impl FnMut(usize, f64)) {
        let values = self.row(row);
        match self.row_present(row) {
            None => values.iter().enumerate().for_each(|(step, v)| f(step, *v)),
            Some(present) => present.set_indices().for_each(|step| f(step, values[step])),
        }
    }

    /// The points where `mask` has one, too; all without a mask.
    pub(crate) fn masked(self, mask: Option<&NullBuffer>) -> Self {
        let present = NullBuffer::union(self.present.as_ref(), mask);
        Self {
            present: present.filter(|p| p.null_count() > 0),
            ..self
        }
    }

    /// As a column.
    pub(crate) fn into_array(self) -> Result<ArrayRef> {
        let rows = self.rows();
        let child = Float64Array::try_new(self.values, self.present)?;
        let field = Arc::new(Field::new_list_field(DataType::Float64, true));
        let lists = FixedSizeListArray::try_new_with_length(
            field,
            self.steps as i32,
            Arc::new(child),
            None,
            rows,
        )?;
        Ok(Arc::new(lists))
    }
}

fn expand(rows: &NullBuffer, steps: usize) -> NullBuffer {
    let bits = BooleanBuffer::collect_bool(rows.len() * steps, |i| rows.is_valid(i / steps));
    NullBuffer::new(bits)
}

/// Step vectors under construction: values and presence, row after row.
pub(crate) struct StepWriter {
    steps: usize,
    values: Vec<f64>,
    present: Vec<bool>,
}

impl StepWriter {
    /// For `rows` rows of `steps` holes.
    pub(crate) fn new(rows: usize, steps: usize) -> Self {
        Self {
            steps,
            values: vec![0.0; rows * steps],
            present: vec![false; rows * steps],
        }
    }

    /// The values and presence of `row`, to be filled.
    pub(crate) fn row_mut(&mut self, row: usize) -> StepRow<'_> {
        let span = row * self.steps..(row + 1) * self.steps;
        StepRow {
            values: &mut self.values[span.clone()],
            present: &mut self.present[span],
        }
    }

    /// The finished vectors.
    pub(crate) fn finish(self) -> StepVectors {
        let full = self.present.iter().fold(true, |full, there| full & there);
        let nulls = (!full).then(|| NullBuffer::new(bits(&self.present)));
        StepVectors {
            steps: self.steps,
            values: self.values.into(),
            present: nulls,
        }
    }
}

/// A bit for each of `present`.
pub(crate) fn bits(present: &[bool]) -> BooleanBuffer {
    // Eight at a time: the product moves the lowest bit of each byte into the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let byte = |eight: &[bool]| {
        let mut bytes = [0; 8];
        let pairs = bytes.iter_mut().zip(eight);
        pairs.for_each(|(byte, there)| *byte = u8::from(*there));
        (u64::from_le_bytes(bytes).wrapping_mul(GATHER) >> 56) as u8
    };
    let bytes: Vec<u8> = present.chunks(8).map(byte).collect();
    BooleanBuffer::new(bytes.into(), 0, present.len())
}

/// One row under construction.
pub(crate) struct StepRow<'a> {
    pub(crate) values: &'a mut [f64],
    pub(crate) present: &'a mut [bool],
}

impl StepRow<'_> {
    /// Sets the point of `step`.
    pub(crate) fn set(&mut self, step: usize, value: f64) {
        self.values[step] = value;
        self.present[step] = true;
    }
}
