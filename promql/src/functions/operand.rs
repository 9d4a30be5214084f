//! What stands beside a vector: numbers, one or per step, and names of metrics, one or per row.

use arrow::array::{Array, AsArray, StringViewArray};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::ColumnarValue;

use super::arguments::Arguments;
use crate::steps::StepVectors;

/// One number, or one per row and step.
pub(crate) enum Operand {
    Number(f64),
    Vectors(StepVectors),
}

impl Operand {
    /// Stands for an operand that there is not.
    pub(crate) const NONE: Self = Self::Number(f64::NAN);

    /// The number of steps; a number has as many as are asked for.
    pub(crate) fn steps(&self) -> Option<usize> {
        match self {
            Self::Number(_) => None,
            Self::Vectors(vectors) => Some(vectors.steps),
        }
    }

    /// Its value at `step` of `row`; NaN in a hole.
    pub(crate) fn at(&self, row: usize, step: usize) -> f64 {
        match self {
            Self::Number(v) => *v,
            Self::Vectors(vectors) if vectors.has(row, step) => {
                vectors.values[row * vectors.steps + step]
            }
            Self::Vectors(_) => f64::NAN,
        }
    }
}

/// The metric's name of each row: one for all, or a label column.
pub(crate) enum MetricNames {
    One(String),
    Each(StringViewArray),
}

impl MetricNames {
    /// The names that the last argument gives.
    pub(crate) fn read(arguments: &Arguments) -> Result<Self> {
        match arguments.value(arguments.len().saturating_sub(1))? {
            ColumnarValue::Scalar(ScalarValue::Utf8View(name)) => {
                Ok(Self::One(name.clone().unwrap_or_default()))
            }
            ColumnarValue::Array(names) => match names.as_string_view_opt() {
                Some(names) => Ok(Self::Each(names.clone())),
                None => internal_err!("names must be texts, got {}", names.data_type()),
            },
            other @ ColumnarValue::Scalar(_) => {
                internal_err!("the last argument must be a name, got {other:?}")
            }
        }
    }

    /// The name of `row`; empty if it has none.
    pub(crate) fn at(&self, row: usize) -> &str {
        match self {
            Self::One(name) => name,
            Self::Each(names) if names.is_valid(row) => names.value(row),
            Self::Each(_) => "",
        }
    }
}
