//! What native histograms say at each step: their count, sum, mean, spread, quantiles and fractions. Floats are left out.
//!
//! `prom_native_quantile(vector, phi, name)`, `prom_native_fraction(vector, lower, upper, name)`; the others take the vector alone.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{MetricNames, StepScalar, any_signature, column, planned_vector};
use super::remarks::HistogramRemarks;
use crate::histogram::{FloatHistogram, HistogramNote};
use crate::mixed::MixedVectors;
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
        Arc::new(ScalarUDF::new_from_impl(NativeUdf {
            function: self,
            speaker,
            signature: any_signature(),
        }))
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
struct NativeUdf {
    function: Native,
    speaker: Option<Speaker>,
    signature: Signature,
}

impl ScalarUDFImpl for NativeUdf {
    fn name(&self) -> &str {
        match self.function {
            Native::Count => "prom_histogram_count",
            Native::Sum => "prom_histogram_sum",
            Native::Average => "prom_histogram_avg",
            Native::Deviation => "prom_histogram_stddev",
            Native::Variance => "prom_histogram_stdvar",
            Native::Quantile => "prom_native_quantile",
            Native::Fraction => "prom_native_fraction",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let data_type = planned_vector(&args)?;
        Ok(Arc::new(Field::new(self.name(), data_type, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let vectors = MixedVectors::from_array(&column(&args.args, 0, rows)?)?;
        let parameters = (1..=self.function.parameters())
            .map(|position| StepScalar::read(&args.args, position))
            .collect::<Result<Vec<_>>>()?;
        let mut remarks = match &self.speaker {
            Some(speaker) => {
                let names = MetricNames::read(&args.args, args.args.len().saturating_sub(1))?;
                Some(HistogramRemarks::new(speaker, names))
            }
            None => None,
        };
        let mut out = StepWriter::new(rows, vectors.steps());
        for row in 0..rows {
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
        Ok(ColumnarValue::Array(out.finish().into_array()?))
    }
}
