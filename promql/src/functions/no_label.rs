//! `prom_no_label(any column, name)`: the absent label of that name in each row.
//!
//! A literal would do, but DataFusion takes two expressions that are equal in one branch of a union for the same column and then
//! refuses the order of the whole.

use std::sync::Arc;

use arrow::array::StringViewArray;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::any_signature;

/// The function for plans.
pub(crate) fn no_label() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(NoLabelUdf {
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct NoLabelUdf {
    signature: Signature,
}

impl ScalarUDFImpl for NoLabelUdf {
    fn name(&self) -> &'static str {
        "prom_no_label"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let absent = StringViewArray::new_null(args.number_rows);
        Ok(ColumnarValue::Array(Arc::new(absent)))
    }
}
