//! `prom_same(x)` gives its argument back: it makes a projection differ from the one below.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::plan_function::any_signature;

/// The function for plans. It has no [shell](super::plan_function): field and argument stay just as they are.
pub(crate) fn same() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(SameUdf {
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SameUdf {
    signature: Signature,
}

impl ScalarUDFImpl for SameUdf {
    fn name(&self) -> &'static str {
        "prom_same"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the field is that of the argument")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields {
            [field] => Ok(field.clone()),
            _ => internal_err!("{} needs one argument", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [value] => Ok(value.clone()),
            _ => internal_err!("{} needs one argument", self.name()),
        }
    }
}
