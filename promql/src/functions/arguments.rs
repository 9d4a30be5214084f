//! Reading the arguments of a function call: literals and columns.

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringViewArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue, internal_err};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, Signature, Volatility};
use narthex_model::Error;

use crate::steps::{StepVectors, step_type, steps_of};

/// Any arguments: the planner builds every call, so types are right by construction.
pub(crate) fn any_signature() -> Signature {
    Signature::variadic_any(Volatility::Immutable)
}

/// The integer literal at `position`.
pub(crate) fn int(args: &[ColumnarValue], position: usize) -> Result<i64> {
    match args.get(position) {
        Some(ColumnarValue::Scalar(ScalarValue::Int64(Some(v)))) => Ok(*v),
        other => internal_err!("argument {position} must be an integer literal, got {other:?}"),
    }
}

/// The text literal at `position`.
pub(crate) fn text(args: &[ColumnarValue], position: usize) -> Result<&str> {
    match args.get(position) {
        Some(ColumnarValue::Scalar(ScalarValue::Utf8(Some(v)))) => Ok(v),
        other => internal_err!("argument {position} must be a text literal, got {other:?}"),
    }
}

/// The column at `position`.
pub(crate) fn column(args: &[ColumnarValue], position: usize, rows: usize) -> Result<ArrayRef> {
    match args.get(position) {
        Some(value) => value.to_array(rows),
        None => internal_err!("argument {position} is missing"),
    }
}

/// The integer literal at `position` while planning.
pub(crate) fn planned_int(args: &ReturnFieldArgs<'_>, position: usize) -> Result<i64> {
    match args.scalar_arguments.get(position) {
        Some(Some(ScalarValue::Int64(Some(v)))) => Ok(*v),
        other => internal_err!("argument {position} must be an integer literal, got {other:?}"),
    }
}

/// The type of step vectors as long as those among the arguments, while planning.
pub(crate) fn planned_vector(args: &ReturnFieldArgs<'_>) -> Result<DataType> {
    let mut types = args.arg_fields.iter().map(|f| f.data_type());
    let steps = types.find_map(steps_of);
    steps
        .map(step_type)
        .ok_or_else(|| DataFusionError::Internal("no argument is a step vector".to_owned()))
}

/// Why a query fails while it runs: `message` word for word, and the query is to blame.
pub(crate) fn refused(message: impl Into<String>) -> DataFusionError {
    DataFusionError::External(Box::new(Error::invalid(message)))
}

/// The metric's name of each row: one for all, or a label column.
pub(crate) enum MetricNames {
    One(String),
    Each(StringViewArray),
}

impl MetricNames {
    /// The names that the argument at `position` gives.
    pub(crate) fn read(args: &[ColumnarValue], position: usize) -> Result<Self> {
        match args.get(position) {
            Some(ColumnarValue::Scalar(ScalarValue::Utf8View(name))) => {
                Ok(Self::One(name.clone().unwrap_or_default()))
            }
            Some(ColumnarValue::Array(names)) => match names.as_string_view_opt() {
                Some(names) => Ok(Self::Each(names.clone())),
                None => internal_err!("names must be texts, got {}", names.data_type()),
            },
            other => internal_err!("argument {position} must be a name, got {other:?}"),
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

/// A scalar PromQL operand: one number, or one number per step (the same for each row).
pub(crate) enum StepScalar {
    Constant(f64),
    Varying(StepVectors),
}

impl StepScalar {
    /// The operand at `position`.
    pub(crate) fn read(args: &[ColumnarValue], position: usize) -> Result<Self> {
        match args.get(position) {
            Some(ColumnarValue::Scalar(ScalarValue::Float64(Some(v)))) => Ok(Self::Constant(*v)),
            Some(ColumnarValue::Array(array)) => Ok(Self::Varying(StepVectors::from_array(array)?)),
            Some(ColumnarValue::Scalar(scalar)) => {
                Ok(Self::Varying(StepVectors::from_array(&scalar.to_array()?)?))
            }
            None => internal_err!("argument {position} is missing"),
        }
    }

    /// Its value at `step` of `row`; NaN in a hole.
    pub(crate) fn at(&self, row: usize, step: usize) -> f64 {
        match self {
            Self::Constant(v) => *v,
            Self::Varying(vectors) => {
                let at = row * vectors.steps + step;
                if vectors.present.as_ref().is_some_and(|p| p.is_null(at)) {
                    f64::NAN
                } else {
                    vectors.values[at]
                }
            }
        }
    }
}

/// Sample lists: offsets, flat times, flat values.
pub(crate) struct SampleLists {
    times: ListArray,
    values: ListArray,
}

impl SampleLists {
    /// The lists at arguments 0 (times) and 1 (values).
    pub(crate) fn read(args: &[ColumnarValue], rows: usize) -> Result<Self> {
        let times = column(args, 0, rows)?.as_list::<i32>().clone();
        let values = column(args, 1, rows)?.as_list::<i32>().clone();
        if times.offsets() != values.offsets() {
            return internal_err!("times and values must have the same offsets");
        }
        Ok(Self { times, values })
    }

    /// Number of series.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// Times and values of the series at `row`.
    pub(crate) fn row(&self, row: usize) -> (&[i64], &[f64]) {
        let offsets = self.times.offsets();
        let span = offsets[row] as usize..offsets[row + 1] as usize;
        let times = self.times.values().as_primitive::<Int64Type>().values();
        let values = self.values.values().as_primitive::<Float64Type>().values();
        (&times[span.clone()], &values[span])
    }
}

/// Since when the floats of many series count, in milliseconds.
pub(crate) struct StartLists(Option<ListArray>);

impl StartLists {
    /// The lists at `position`, which belong to `floats`; without one, nothing is known.
    pub(crate) fn read(
        args: &[ColumnarValue],
        position: Option<usize>,
        floats: &SampleLists,
    ) -> Result<Self> {
        let Some(position) = position else {
            return Ok(Self(None));
        };
        match column(args, position, floats.len())?.as_list_opt::<i32>() {
            Some(lists) if lists.offsets() == floats.times.offsets() => {
                Ok(Self(Some(lists.clone())))
            }
            _ => internal_err!("start timestamps must have the same offsets as times"),
        }
    }

    /// One per sample of `row`, 0 where it is not known; empty if it is known of none.
    pub(crate) fn row(&self, row: usize) -> &[i64] {
        let Some(lists) = &self.0 else {
            return &[];
        };
        let offsets = lists.offsets();
        let span = offsets[row] as usize..offsets[row + 1] as usize;
        &lists.values().as_primitive::<Int64Type>().values()[span]
    }
}
