//! What is demanded of an aggregation's parameter before any data is looked at.
//!
//! `prom_check_parameter(vector)` gives its argument back after the check, for parameters that vary; the planner checks constants.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arguments::{ArgumentTypes, Arguments, refused};
use super::plan_function::PlanFunction;
use super::remarks::is_quantile;
use crate::notes::{Note, Speaker};

/// The largest `i64` that is a float.
const INT_MAX: f64 = 9_223_372_036_854_774_784.0;
/// The least `i64`.
const INT_MIN: f64 = -9_223_372_036_854_775_808.0;

/// Which rule a parameter must obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Demand {
    /// Of `topk` and its like: a number of series.
    Count,
    /// Of `quantile`: worst values are reported.
    Quantile,
    /// Of `histogram_quantile`: each bad value is reported.
    EachQuantile,
    /// Of `limit_ratio`: worst values are reported.
    Ratio,
}

impl Demand {
    /// Checks the values of all steps.
    ///
    /// # Errors
    /// A number that cannot count, or a ratio that is NaN.
    pub(crate) fn check(self, values: &[f64], speaker: &Speaker) -> Result<()> {
        let any_nan = values.iter().any(|v| v.is_nan());
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let of = |v: f64| narthex_model::format_float(v);
        match self {
            Self::Count if any_nan => return Err(refused("Parameter value is NaN")),
            Self::Count if most > INT_MAX => {
                return Err(refused(format!(
                    "Scalar value {} overflows int64",
                    of(most)
                )));
            }
            Self::Count if least < INT_MIN => {
                let message = format!("Scalar value {} underflows int64", of(least));
                return Err(refused(message));
            }
            Self::Ratio if any_nan => return Err(refused("Ratio value is NaN")),
            Self::Quantile if any_nan => speaker.say(&Note::InvalidQuantile(f64::NAN)),
            Self::Quantile => {
                let bad = [(most, most > 1.0), (least, least < 0.0)];
                let bad = bad.into_iter().filter(|(_, is_bad)| *is_bad);
                bad.for_each(|(v, _)| speaker.say(&Note::InvalidQuantile(v)));
            }
            Self::EachQuantile => {
                let bad = values.iter().filter(|v| !is_quantile(**v));
                bad.for_each(|v| speaker.say(&Note::InvalidQuantile(*v)));
            }
            Self::Ratio => ratio(least, most, speaker),
            Self::Count => {}
        }
        Ok(())
    }
}

fn ratio(least: f64, most: f64, speaker: &Speaker) {
    if most > 1.0 {
        speaker.say(&Note::InvalidRatio {
            got: most,
            capped: 1.0,
        });
    }
    if least < -1.0 {
        speaker.say(&Note::InvalidRatio {
            got: least,
            capped: -1.0,
        });
    }
}

/// The check as a function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct CheckParameter {
    /// The rule.
    pub(crate) demand: Demand,
    /// Who says what is wrong.
    pub(crate) speaker: Speaker,
}

impl PlanFunction for CheckParameter {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_check_parameter".into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.at(0).cloned()
    }

    fn nullable(&self) -> bool {
        true
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let vectors = arguments.vectors(0)?;
        self.demand.check(&vectors.values, &self.speaker)?;
        arguments.column(0)
    }
}
