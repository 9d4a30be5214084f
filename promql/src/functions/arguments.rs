//! Reading the arguments of a function call: literals and columns, by their positions.

use arrow::array::{ArrayRef, StringViewArray};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue, internal_err};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs};
use narthex_model::Error;

use super::labels::texts;
use super::operand::Operand;
use crate::kernels::windows::Windows;
use crate::mixed::{HistogramLists, MixedVectors};
use crate::steps::{StepVectors, steps_of};

/// Why a query fails while it runs: `message` word for word, and the query is to blame.
pub(crate) fn refused(message: impl Into<String>) -> DataFusionError {
    DataFusionError::External(Box::new(Error::invalid(message)))
}

/// What is known of the arguments while planning.
pub(crate) struct ArgumentTypes<'a>(&'a ReturnFieldArgs<'a>);

impl<'a> ArgumentTypes<'a> {
    pub(super) fn new(args: &'a ReturnFieldArgs<'a>) -> Self {
        Self(args)
    }

    /// The type of the argument at `position`.
    pub(crate) fn at(&self, position: usize) -> Result<&'a DataType> {
        match self.0.arg_fields.get(position) {
            Some(field) => Ok(field.data_type()),
            None => internal_err!("argument {position} is missing"),
        }
    }

    /// The number of steps of the vectors among the arguments.
    pub(crate) fn steps(&self) -> Result<usize> {
        let mut types = self.0.arg_fields.iter().map(|f| f.data_type());
        match types.find_map(steps_of) {
            Some(steps) => Ok(steps),
            None => internal_err!("no argument is a vector"),
        }
    }

    /// The number of steps that the literal at `position` says.
    pub(crate) fn steps_at(&self, position: usize) -> Result<usize> {
        match self.0.scalar_arguments.get(position) {
            Some(Some(ScalarValue::Int64(Some(v)))) => Ok(*v as usize),
            other => internal_err!("argument {position} must be an integer literal, got {other:?}"),
        }
    }

    /// The number of [`Arguments::windows`].
    pub(crate) fn window_steps(&self) -> Result<usize> {
        self.steps_at(4)
    }
}

/// The arguments of a call.
pub(crate) struct Arguments {
    values: Vec<ColumnarValue>,
    rows: usize,
}

impl Arguments {
    pub(super) fn new(args: ScalarFunctionArgs) -> Self {
        Self {
            values: args.args,
            rows: args.number_rows,
        }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Number of arguments.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The argument at `position`.
    pub(crate) fn value(&self, position: usize) -> Result<&ColumnarValue> {
        match self.values.get(position) {
            Some(value) => Ok(value),
            None => internal_err!("argument {position} is missing"),
        }
    }

    /// The integer literal at `position`.
    pub(crate) fn int(&self, position: usize) -> Result<i64> {
        match self.value(position)? {
            ColumnarValue::Scalar(ScalarValue::Int64(Some(v))) => Ok(*v),
            other => internal_err!("argument {position} must be an integer literal, got {other:?}"),
        }
    }

    /// The text literal at `position`.
    pub(crate) fn text(&self, position: usize) -> Result<&str> {
        match self.value(position)? {
            ColumnarValue::Scalar(ScalarValue::Utf8(Some(v))) => Ok(v),
            other => internal_err!("argument {position} must be a text literal, got {other:?}"),
        }
    }

    /// The number at `position`, if there is a literal one.
    pub(crate) fn number(&self, position: usize) -> Result<Option<f64>> {
        Ok(match self.value(position)? {
            ColumnarValue::Scalar(ScalarValue::Float64(number)) => *number,
            _ => None,
        })
    }

    /// The column at `position`.
    pub(crate) fn column(&self, position: usize) -> Result<ArrayRef> {
        self.value(position)?.to_array(self.rows)
    }

    /// The label column at `position`; a column of any other type is one of absent labels.
    pub(crate) fn labels(&self, position: usize) -> Result<StringViewArray> {
        Ok(texts(&self.column(position)?))
    }

    /// The step vectors at `position`, or the floats of mixed vectors.
    pub(crate) fn vectors(&self, position: usize) -> Result<StepVectors> {
        StepVectors::from_array(&self.column(position)?)
    }

    /// The vectors of either kind at `position`.
    pub(crate) fn mixed(&self, position: usize) -> Result<MixedVectors> {
        MixedVectors::from_array(&self.column(position)?)
    }

    /// The number or the vectors at `position`.
    pub(crate) fn operand(&self, position: usize) -> Result<Operand> {
        Ok(match self.number(position)? {
            Some(number) => Operand::Number(number),
            None => Operand::Vectors(self.vectors(position)?),
        })
    }

    /// The lists of native histograms at `position`.
    pub(crate) fn histograms(&self, position: usize) -> Result<HistogramLists> {
        HistogramLists::of(&self.column(position)?)
    }

    /// The windows that the literals at 2 to 5 tell.
    pub(crate) fn windows(&self) -> Result<Windows> {
        Ok(Windows {
            first_end: self.int(2)?,
            interval: self.int(3)?,
            steps: self.int(4)? as usize,
            range: self.int(5)?,
        })
    }
}
