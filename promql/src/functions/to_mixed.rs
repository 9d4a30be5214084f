//! `prom_to_mixed(vector)`: step vectors as mixed vectors without histograms, for operators whose sides must be alike.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{any_signature, column};
use crate::mixed::{HistogramListWriter, mixed_array, mixed_type};
use crate::steps::{StepVectors, steps_of};

/// The function for plans.
pub(crate) fn to_mixed() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(ToMixedUdf {
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ToMixedUdf {
    signature: Signature,
}

impl ScalarUDFImpl for ToMixedUdf {
    fn name(&self) -> &'static str {
        "prom_to_mixed"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args
            .arg_fields
            .first()
            .map(|f| f.data_type())
            .and_then(steps_of)
        {
            Some(steps) => Ok(Arc::new(Field::new(self.name(), mixed_type(steps), true))),
            None => internal_err!("no argument is a vector"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let floats = StepVectors::from_array(&column(&args.args, 0, rows)?)?;
        let mut histograms = HistogramListWriter::default();
        (0..rows).for_each(|_| histograms.end_row());
        let mixed = mixed_array(floats.steps, floats.into_array()?, histograms.finish()?)?;
        Ok(ColumnarValue::Array(mixed))
    }
}
