//! Functions of one value at a time: mathematics, rounding, trigonometry, dates. They leave out native histograms.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::arguments::Arguments;
use super::plan_function::{Listed, PlanFunction};
use crate::kernels::{calendar, hyperbolic, round};
use crate::steps::StepVectors;

/// A function of one value.
#[derive(Debug)]
pub(crate) struct Elementwise {
    /// PromQL's name.
    pub(crate) name: &'static str,
    apply: fn(f64) -> f64,
}

const fn f(name: &'static str, apply: fn(f64) -> f64) -> Elementwise {
    Elementwise { name, apply }
}

/// All of them, sorted by name.
pub(crate) static ELEMENTWISE: &[Elementwise] = &[
    f("abs", f64::abs),
    f("acos", f64::acos),
    f("acosh", f64::acosh),
    f("asin", f64::asin),
    f("asinh", f64::asinh),
    f("atan", f64::atan),
    f("atanh", f64::atanh),
    f("ceil", f64::ceil),
    f("cos", f64::cos),
    f("cosh", hyperbolic::cosh),
    f("day_of_month", calendar::day_of_month),
    f("day_of_week", calendar::day_of_week),
    f("day_of_year", calendar::day_of_year),
    f("days_in_month", calendar::days_in_month),
    f("deg", f64::to_degrees),
    f("exp", f64::exp),
    f("floor", f64::floor),
    f("hour", calendar::hour),
    f("ln", f64::ln),
    f("log10", f64::log10),
    f("log2", f64::log2),
    f("minute", calendar::minute),
    f("month", calendar::month),
    f("rad", f64::to_radians),
    f("sgn", round::sgn),
    f("sin", f64::sin),
    f("sinh", hyperbolic::sinh),
    f("sqrt", f64::sqrt),
    f("tan", f64::tan),
    f("tanh", f64::tanh),
    f("unary_minus", |v| -v),
    f("year", calendar::year),
];

/// The function called `name` in PromQL (or `unary_minus`).
pub(crate) fn elementwise(name: &str) -> Option<&'static Elementwise> {
    ELEMENTWISE.iter().find(|f| f.name == name)
}

impl Elementwise {
    /// The function for plans.
    pub(crate) fn udf(&'static self) -> Arc<ScalarUDF> {
        Listed(self).udf()
    }
}

impl PlanFunction for Listed<Elementwise> {
    fn plan_name(&self) -> Cow<'static, str> {
        format!("prom_{}", self.name).into()
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let input = arguments.vectors(0)?;
        let values = input.values.iter().map(|v| (self.apply)(*v));
        let out = StepVectors {
            values: values.collect(),
            ..input
        };
        out.into_array()
    }
}

/// A function of a value and scalar parameters.
#[derive(Debug)]
pub(crate) struct Parametric {
    /// PromQL's name.
    pub(crate) name: &'static str,
    apply: fn(f64, &[f64]) -> f64,
}

/// All of them, sorted by name. Parameters left out are the planner's to fill in.
pub(crate) static PARAMETRIC: &[Parametric] = &[
    Parametric {
        name: "clamp",
        apply: |v, p| round::clamp(v, p[0], p[1]),
    },
    Parametric {
        name: "clamp_max",
        apply: |v, p| round::lesser(v, p[0]),
    },
    Parametric {
        name: "clamp_min",
        apply: |v, p| round::greater(v, p[0]),
    },
    Parametric {
        name: "round",
        apply: |v, p| round::round(v, p[0]),
    },
];

/// The function called `name` in PromQL.
pub(crate) fn parametric(name: &str) -> Option<&'static Parametric> {
    PARAMETRIC.iter().find(|f| f.name == name)
}

impl Parametric {
    /// The function for plans: `(value, parameter, …)`.
    pub(crate) fn udf(&'static self) -> Arc<ScalarUDF> {
        Listed(self).udf()
    }
}

impl PlanFunction for Listed<Parametric> {
    fn plan_name(&self) -> Cow<'static, str> {
        format!("prom_{}", self.name).into()
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let input = arguments.vectors(0)?;
        let parameters = (1..arguments.len()).map(|i| arguments.operand(i));
        let parameters = parameters.collect::<Result<Vec<_>>>()?;
        let mut at = vec![0.0; parameters.len()];
        let mut values = Vec::with_capacity(input.values.len());
        for row in 0..arguments.rows() {
            for (step, v) in input.row(row).iter().enumerate() {
                at.iter_mut()
                    .zip(&parameters)
                    .for_each(|(slot, p)| *slot = p.at(row, step));
                values.push((self.apply)(*v, &at));
            }
        }
        let out = StepVectors {
            values: values.into(),
            ..input
        };
        out.into_array()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sane() {
        assert!(ELEMENTWISE.is_sorted_by(|a, b| a.name < b.name));
        assert!(PARAMETRIC.is_sorted_by(|a, b| a.name < b.name));
    }
}
