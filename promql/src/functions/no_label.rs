//! `prom_no_label(any column, name)`: the absent label of that name in each row.
//!
//! A literal would do, but DataFusion takes two expressions that are equal in one branch of a union for the same column and then
//! refuses the order of the whole.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct NoLabel;

impl PlanFunction for NoLabel {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_no_label".into()
    }

    fn returns(&self, _: &ArgumentTypes<'_>) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn nullable(&self) -> bool {
        true
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        Ok(Arc::new(StringViewArray::new_null(arguments.rows())))
    }
}
