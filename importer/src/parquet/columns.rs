//! Times and values, whatever their types are.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, TimeUnit};
use narthex_model::{Error, Result, TimestampMs};

/// Times and values by row.
pub(super) struct Samples {
    pub(super) timestamps: Int64Array,
    pub(super) values: Float64Array,
}

impl Samples {
    /// The sample of a row; `None` if it lacks a time or a value.
    pub(super) fn get(&self, row: usize) -> Option<(TimestampMs, f64)> {
        let has_both = self.timestamps.is_valid(row) && self.values.is_valid(row);
        let t = *self.timestamps.values().get(row)?;
        let value = *self.values.values().get(row)?;
        has_both.then_some((t, value))
    }
}

/// A column of times as milliseconds since the epoch.
///
/// # Errors
/// `Invalid` if its type cannot mean times, or a time is out of range.
pub(super) fn timestamps(column: &ArrayRef, name: &str) -> Result<Int64Array> {
    let milliseconds = match column.data_type() {
        DataType::Timestamp(_, zone) => converted(
            column,
            name,
            &DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        )?,
        DataType::Date32 | DataType::Date64 => converted(
            column,
            name,
            &DataType::Timestamp(TimeUnit::Millisecond, None),
        )?,
        other if other.is_integer() => column.clone(),
        other => {
            return Err(Error::invalid(format!(
                "column {name:?} has type {other}, which is neither a timestamp nor an integer of milliseconds"
            )));
        }
    };
    let integers = converted(&milliseconds, name, &DataType::Int64)?;
    Ok(integers.as_primitive::<Int64Type>().clone())
}

/// A column of numbers as doubles.
///
/// # Errors
/// `Invalid` if it does not hold numbers.
pub(super) fn values(column: &ArrayRef, name: &str) -> Result<Float64Array> {
    let data_type = column.data_type();
    if !data_type.is_numeric() && *data_type != DataType::Boolean {
        return Err(Error::invalid(format!(
            "column {name:?} has type {data_type}, which is no number"
        )));
    }
    let doubles = converted(column, name, &DataType::Float64)?;
    Ok(doubles.as_primitive::<Float64Type>().clone())
}

/// The column as another type; a value that does not fit is an error, not a null.
pub(super) fn converted(column: &ArrayRef, name: &str, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, to, &options).map_err(|e| {
        Error::invalid(format!("column {name:?} cannot be read as {to}")).with_source(e)
    })
}
