//! `prom_to_mixed(vector)`: step vectors as mixed vectors without histograms, for operators whose sides must be alike.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use crate::mixed::{HistogramListWriter, mixed_array, mixed_type};

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct ToMixed;

impl PlanFunction for ToMixed {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_to_mixed".into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.steps().map(mixed_type)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let floats = arguments.vectors(0)?;
        let mut histograms = HistogramListWriter::default();
        (0..arguments.rows()).for_each(|_| histograms.end_row());
        mixed_array(floats.steps, floats.into_array()?, histograms.finish()?)
    }
}
