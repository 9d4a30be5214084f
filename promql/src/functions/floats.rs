//! `prom_floats(vector)`: the floats of mixed vectors, for those who know no histograms. Before an aggregation it says that these are
//! ignored.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arguments::Arguments;
use super::plan_function::PlanFunction;
use crate::notes::{Note, Speaker};

/// The function; with the name of the aggregation that ignores histograms.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Floats(pub(crate) Option<(&'static str, Speaker)>);

impl PlanFunction for Floats {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_floats".into()
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let vectors = arguments.mixed(0)?;
        if let Some((aggregation, speaker)) = &self.0
            && (0..arguments.rows()).any(|row| vectors.has_histograms(row))
        {
            speaker.say(&Note::HistogramIgnoredInAggregation { aggregation });
        }
        vectors.floats.into_array()
    }
}
