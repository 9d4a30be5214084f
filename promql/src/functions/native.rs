//! What native histograms say at each step: their count, sum, mean, spread, quantiles and fractions. Floats are left out.
//!
//! `prom_native_quantile(vector, phi, name)`, `prom_native_fraction(vector, lower, upper, name)`; the others take the vector alone.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::arguments::Arguments;
use super::plan_function::PlanFunction;
use super::remarks::HistogramRemarks;
use crate::histogram::{FloatHistogram, HistogramNote};
use crate::notes::Speaker;
use crate::steps::StepWriter;

/// What to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Native {
    /// All observations.
    Count,
    /// The sum of observed values.
    Sum,
    /// The mean.
    Average,
    /// The standard deviation.
    Deviation,
    /// The variance.
    Variance,
    /// A quantile.
    Quantile,
    /// The share of observations between two limits.
    Fraction,
}

/// The function called `name` in PromQL that takes nothing but a vector.
pub(crate) fn native_function(name: &str) -> Option<Native> {
    Some(match name {
        "histogram_count" => Native::Count,
        "histogram_sum" => Native::Sum,
        "histogram_avg" => Native::Average,
        "histogram_stddev" => Native::Deviation,
        "histogram_stdvar" => Native::Variance,
        _ => return None,
    })
}

impl Native {
    /// The function for plans.
    pub(crate) fn udf(self, speaker: Option<Speaker>) -> Arc<ScalarUDF> {
        let function = self;
        OfHistograms { function, speaker }.udf()
    }

    /// How many scalar parameters there are.
    fn parameters(self) -> usize {
        match self {
            Self::Quantile => 1,
            Self::Fraction => 2,
            _ => 0,
        }
    }

    fn of(
        self,
        histogram: &FloatHistogram,
        parameter: impl Fn(usize) -> f64,
    ) -> (f64, Option<HistogramNote>) {
        let value = match self {
            Self::Count => histogram.count,
            Self::Sum => histogram.sum,
            Self::Average => histogram.mean(),
            Self::Deviation => histogram.standard_deviation(),
            Self::Variance => histogram.variance(),
            Self::Quantile => return histogram.quantile(parameter(0)),
            Self::Fraction => return histogram.fraction(parameter(0), parameter(1)),
        };
        (value, None)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OfHistograms {
    function: Native,
    speaker: Option<Speaker>,
}

impl PlanFunction for OfHistograms {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self.function {
            Native::Count => "prom_histogram_count",
            Native::Sum => "prom_histogram_sum",
            Native::Average => "prom_histogram_avg",
            Native::Deviation => "prom_histogram_stddev",
            Native::Variance => "prom_histogram_stdvar",
            Native::Quantile => "prom_native_quantile",
            Native::Fraction => "prom_native_fraction",
        };
        name.into()
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let vectors = arguments.mixed(0)?;
        let parameters = (1..=self.function.parameters()).map(|i| arguments.operand(i));
        let parameters = parameters.collect::<Result<Vec<_>>>()?;
        let speaker = self.speaker.as_ref();
        let remarks = speaker.map(|speaker| HistogramRemarks::read(speaker, arguments));
        let mut remarks = remarks.transpose()?;
        let mut out = StepWriter::new(arguments.rows(), vectors.steps());
        for row in 0..arguments.rows() {
            let mut points = out.row_mut(row);
            for (step, histogram) in vectors.histograms(row) {
                let parameter = |at: usize| parameters[at].at(row, step);
                let (value, note) = self.function.of(&histogram, parameter);
                points.set(step, value);
                if let (Some(note), Some(remarks)) = (note, &mut remarks) {
                    remarks.say(row, note);
                }
            }
        }
        out.finish().into_array()
    }
}
