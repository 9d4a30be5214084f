//! Quantiles and fractions of histograms, be they one series per bucket or native.

use datafusion::logical_expr::lit;
use narthex_model::{Error, Result};

use super::aggregate::grouped;
use super::call::arg;
use super::columns::{VALUE, absent_label, aggregate, call, column, known_label};
use super::sets::union;
use super::special::relabelled;
use super::split::TEXT;
use super::vector::{Vector, metric_name};
use super::{Planned, Planner, blamed};
use crate::ast::{Expr, Span};
use crate::functions::aggregate::Aggregation;
use crate::functions::group::Duplicate;
use crate::functions::native::Native;
use crate::functions::parameter::Demand;
use crate::functions::split::{By, decimal};

/// The label that has a bucket's upper bound.
const BOUND: &str = "le";

impl Planner<'_> {
    pub(super) fn histogram_quantile(&self, args: &[Expr]) -> Result<Vector> {
        let (quantile, histograms) = (arg(args, 0)?, arg(args, 1)?);
        let phi = self.scalar(quantile)?;
        let vector = self.vector(histograms)?;
        let phi = self.each_quantile(phi, quantile)?;
        self.quantile_of(vector, phi, blamed(histograms))
    }

    /// One result for each quantile, which tells it in a label.
    pub(super) fn histogram_quantiles(&self, args: &[Expr]) -> Result<Vector> {
        let histograms = arg(args, 0)?;
        let label = self.text(arg(args, 1)?)?;
        let mut vector = self.vector(histograms)?;
        if args.len() > 3 {
            // Each quantile looks at it.
            vector = self.kept(vector)?;
        }
        let mut sides = Vec::new();
        for quantile in args.iter().skip(2) {
            let phi = self.each_quantile(self.scalar(quantile)?, quantile)?;
            sides.push(self.told_quantile(&vector, phi, &label, blamed(histograms))?);
        }
        let mut labels: Vec<_> = sides.iter().flat_map(|s| s.labels.clone()).collect();
        labels.sort();
        labels.dedup();
        let all = union(sides, labels.clone())?;
        let value = all.value();
        all.with_value(value)?
            .checked_unique(&labels, Duplicate::SameLabels)
    }

    /// The quantile `phi`, which `label` tells.
    fn told_quantile(
        &self,
        vector: &Vector,
        phi: Planned,
        label: &str,
        blamed: Span,
    ) -> Result<Vector> {
        let Planned::Scalar(phi) = phi else {
            let told = match &phi {
                Planned::Number(number) => known_label(&decimal(*number)),
                _ => return Err(Error::internal("a quantile that is no scalar")),
            };
            let side = self.quantile_of(vector.clone(), phi, blamed)?;
            return relabelled(side, label, told, lit(true));
        };
        // Both the quantile and its text look at it.
        let phi = self.kept(self.scalar_vector(Planned::Scalar(phi))?)?.plan;
        let side = self.quantile_of(vector.clone(), Planned::Scalar(phi.clone()), blamed)?;
        let (side, phi) = side.attach(vec![Planned::Scalar(phi)])?;
        let split = self.split(side, By::Quantile, phi)?;
        relabelled(split, label, column(TEXT), lit(true))
    }

    pub(super) fn histogram_fraction(&self, args: &[Expr]) -> Result<Vector> {
        let limits = [self.scalar(arg(args, 0)?)?, self.scalar(arg(args, 1)?)?];
        let histograms = arg(args, 2)?;
        let vector = self.vector(histograms)?;
        self.over_buckets(
            vector,
            Aggregation::HistogramFraction,
            limits.into(),
            blamed(histograms),
        )
    }

    fn each_quantile(&self, phi: Planned, quantile: &Expr) -> Result<Planned> {
        self.demanded(Demand::EachQuantile, phi, blamed(quantile))
    }

    fn quantile_of(&self, vector: Vector, phi: Planned, blamed: Span) -> Result<Vector> {
        self.over_buckets(vector, Aggregation::HistogramQuantile, vec![phi], blamed)
    }

    /// `aggregation` over the buckets of each histogram.
    fn over_buckets(
        &self,
        vector: Vector,
        aggregation: Aggregation,
        parameters: Vec<Planned>,
        blamed: Span,
    ) -> Result<Vector> {
        let speaker = self.speaker(blamed);
        let name = metric_name(&vector.labels);
        let has_bound = vector.labels.iter().any(|l| l == BOUND);
        let bound = if has_bound {
            column(BOUND)
        } else {
            absent_label()
        };
        let groups = vector.labels.iter().filter(|l| *l != BOUND);
        let groups: Vec<_> = groups.cloned().collect();
        let distinct = vector.distinct;
        let (vector, operands) = vector.attach(parameters)?;
        let mut operands = operands.into_iter();
        let lower = operands.next().unwrap_or_else(|| lit(f64::NAN));
        let upper = operands.next().unwrap_or_else(|| lit(f64::NAN));
        let natives = vector.is_mixed().then(|| {
            let parameters = match aggregation {
                Aggregation::HistogramFraction => vec![lower.clone(), upper.clone()],
                _ => vec![lower.clone()],
            };
            let native = native_of(aggregation).udf(Some(speaker.clone()));
            let arguments = [column(VALUE)].into_iter().chain(parameters);
            call(&native, arguments.chain([name.clone()]).collect())
        });
        let arguments = [column(VALUE), lower, bound, name, upper];
        let arguments = arguments.into_iter().chain(natives).collect();
        let result = aggregate(&aggregation.udaf(Some(speaker)), arguments);
        let result = grouped(vector, &groups, result)?;
        let distinct = distinct || result.distinct;
        Vector { distinct, ..result }.map_nameless(column(VALUE))
    }
}

/// What asks native histograms the same.
fn native_of(aggregation: Aggregation) -> Native {
    match aggregation {
        Aggregation::HistogramFraction => Native::Fraction,
        _ => Native::Quantile,
    }
}
