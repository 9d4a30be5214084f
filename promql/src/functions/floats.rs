//! `prom_floats(vector)`: the floats of mixed vectors, for those who know no histograms. Before an aggregation it says that these are
//! ignored.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{any_signature, column, planned_vector};
use crate::mixed::MixedVectors;
use crate::notes::{Note, Speaker};

/// The function for plans; with the name of the aggregation that ignores histograms.
pub(crate) fn floats(ignoring: Option<(&'static str, Speaker)>) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(FloatsUdf {
        ignoring,
        signature: any_signature(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FloatsUdf {
    ignoring: Option<(&'static str, Speaker)>,
    signature: Signature,
}

impl ScalarUDFImpl for FloatsUdf {
    fn name(&self) -> &'static str {
        "prom_floats"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let floats = planned_vector(&args)?;
        Ok(Arc::new(Field::new(self.name(), floats, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let vectors = MixedVectors::from_array(&column(&args.args, 0, rows)?)?;
        if let Some((aggregation, speaker)) = &self.ignoring
            && (0..rows).any(|row| vectors.has_histograms(row))
        {
            speaker.say(&Note::HistogramIgnoredInAggregation { aggregation });
        }
        Ok(ColumnarValue::Array(vectors.floats.into_array()?))
    }
}
