//! SQL functions whose result is as long as an argument says: a short statement must not fill the memory in one step, which no
//! operator would notice in time.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::Result;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use narthex_model::Error;
use narthex_table::external;

/// Bytes, or items of lists, that one call makes for the rows of one batch.
const LENGTH_MAX: i64 = 16 << 20;

/// The functions, and which argument says how long their result is.
const BY_ARGUMENT: [(&str, usize); 5] = [
    ("repeat", 1),
    ("lpad", 1),
    ("rpad", 1),
    ("array_repeat", 1),
    ("array_resize", 1),
];

/// Functions that make lists of any length out of two ends. The table function `generate_series` makes rows, as they are needed.
const LEFT_OUT: [&str; 2] = ["range", "generate_series"];

/// Puts bounds on what `state` offers.
///
/// # Errors
/// A function cannot be registered.
pub(crate) fn bound(state: &mut SessionState) -> Result<()> {
    for name in LEFT_OUT {
        state.deregister_udf(name)?;
    }
    for (name, length) in BY_ARGUMENT {
        if let Ok(inner) = state.udf(name) {
            let bounded = BoundedUdf { inner, length };
            state.register_udf(Arc::new(ScalarUDF::new_from_impl(bounded)))?;
        }
    }
    Ok(())
}

/// A function that refuses to make too much.
#[derive(Debug, PartialEq, Eq, Hash)]
struct BoundedUdf {
    inner: Arc<ScalarUDF>,
    length: usize,
}

impl BoundedUdf {
    /// How long the result is, over all rows.
    fn wanted(&self, args: &ScalarFunctionArgs) -> Result<i64> {
        let Some(length) = args.args.get(self.length) else {
            return Ok(0);
        };
        let rows = i64::try_from(args.number_rows).unwrap_or(i64::MAX);
        let times = if let ColumnarValue::Scalar(_) = length {
            rows
        } else {
            1
        };
        let lengths = match length {
            ColumnarValue::Array(array) => array.clone(),
            ColumnarValue::Scalar(scalar) => scalar.to_array()?,
        };
        let lengths = cast(&lengths, &DataType::Int64)?;
        let lengths = lengths.as_primitive::<Int64Type>().iter().flatten();
        let all = lengths.fold(0, |all: i64, length| all.saturating_add(length.max(0)));
        Ok(all.saturating_mul(times.max(1)))
    }
}

impl ScalarUDFImpl for BoundedUdf {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let wanted = self.wanted(&args)?;
        if wanted > LENGTH_MAX {
            let name = self.inner.name();
            return Err(external(Error::limit(format!(
                "{name} would make {wanted} bytes or items for {} rows, at most {LENGTH_MAX}",
                args.number_rows
            ))));
        }
        self.inner.invoke_with_args(args)
    }
}
