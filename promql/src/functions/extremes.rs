//! `min_of` and `max_of` of two scalars: `prom_min_of(a, b)` and `prom_max_of(a, b)`, at least one of them a step vector.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use datafusion::common::{Result, internal_err};

use super::arguments::Arguments;
use super::plan_function::PlanFunction;
use crate::steps::StepVectors;

/// Which of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Extreme {
    /// The smaller.
    Min,
    /// The larger.
    Max,
}

impl Extreme {
    /// Of two numbers: NaN if one of them is, unless the other is the very extreme.
    pub(crate) fn of(self, a: f64, b: f64) -> f64 {
        let (worst, pick): (f64, fn(f64, f64) -> bool) = match self {
            Self::Min => (f64::NEG_INFINITY, |a, b| a < b),
            Self::Max => (f64::INFINITY, |a, b| a > b),
        };
        if a == worst || b == worst {
            worst
        } else if a.is_nan() || b.is_nan() {
            f64::NAN
        } else if a == 0.0 && b == 0.0 {
            // Of zeros the sign decides.
            if a.is_sign_negative() == (self == Self::Min) {
                a
            } else {
                b
            }
        } else if pick(a, b) {
            a
        } else {
            b
        }
    }
}

impl PlanFunction for Extreme {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::Min => "prom_min_of",
            Self::Max => "prom_max_of",
        };
        name.into()
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let (a, b) = (arguments.operand(0)?, arguments.operand(1)?);
        let Some(steps) = a.steps().or(b.steps()) else {
            return internal_err!("constants are folded by the planner");
        };
        let mut values = Vec::with_capacity(arguments.rows() * steps);
        for row in 0..arguments.rows() {
            values.extend((0..steps).map(|step| self.of(a.at(row, step), b.at(row, step))));
        }
        let vectors = StepVectors {
            steps,
            values: values.into(),
            present: None,
        };
        vectors.into_array()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        assert!(Extreme::Min.of(nan, inf).is_nan());
        assert_eq!(Extreme::Min.of(nan, -inf), -inf);
        assert_eq!(Extreme::Max.of(inf, nan), inf);
        assert!(Extreme::Min.of(0.0, -0.0).is_sign_negative());
        assert!(Extreme::Max.of(0.0, -0.0).is_sign_positive());
    }
}
