//! One column that tells groups apart: `prom_group_key(label, …)` gives equal bytes for equal labels, where absent equals absent.
//!
//! A window over it is sorted by one short column. Besides, DataFusion may know a plain label column to be constant below a join and
//! then drops a sort that its own check asks for.

use std::sync::Arc;

use arrow::array::{Array, BinaryBuilder};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{any_signature, column};
use super::labels::texts;

/// The function for plans.
pub(crate) fn group_key() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(GroupKeyUdf {
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct GroupKeyUdf {
    signature: Signature,
}

impl ScalarUDFImpl for GroupKeyUdf {
    fn name(&self) -> &'static str {
        "prom_group_key"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let columns = (0..args.args.len())
            .map(|i| Ok(texts(&column(&args.args, i, rows)?)))
            .collect::<Result<Vec<_>>>()?;
        let mut keys = BinaryBuilder::new();
        let mut key = Vec::new();
        for row in 0..rows {
            key.clear();
            for column in &columns {
                // An absent label has no length.
                let value = column.is_valid(row).then(|| column.value(row));
                let length = value.map_or(u32::MAX, |v| v.len() as u32);
                key.extend_from_slice(&length.to_be_bytes());
                key.extend_from_slice(value.unwrap_or_default().as_bytes());
            }
            keys.append_value(&key);
        }
        Ok(ColumnarValue::Array(Arc::new(keys.finish())))
    }
}
