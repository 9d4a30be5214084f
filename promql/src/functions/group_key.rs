//! One column that tells groups apart: `prom_group_key(label, …)` gives equal bytes for equal labels, where absent equals absent.
//!
//! A window over it is sorted by one short column. Besides, DataFusion may know a plain label column to be constant below a join and
//! then drops a sort that its own check asks for.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryBuilder};
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupKey;

impl PlanFunction for GroupKey {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_group_key".into()
    }

    fn returns(&self, _: &ArgumentTypes<'_>) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let columns = (0..arguments.len()).map(|i| arguments.labels(i));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let mut keys = BinaryBuilder::new();
        let mut key = Vec::new();
        for row in 0..arguments.rows() {
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
        Ok(Arc::new(keys.finish()))
    }
}
