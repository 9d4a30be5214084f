//! Functions of native histograms, and of series that may have some.

use datafusion::logical_expr::Expr as PlanExpr;
use narthex_model::Result;

use super::call::arg;
use super::columns::call;
use super::scalar::attach;
use super::vector::{Samples, Vector};
use super::{Planned, Planner};
use crate::ast::{Expr, Span};
use crate::functions::mixed_range::MixedRange;
use crate::functions::native::Native;
use crate::functions::range::RangeFunction;

impl Planner<'_> {
    /// A range function over series that may have native histograms.
    pub(super) fn mixed_range_call(
        &self,
        function: &RangeFunction,
        samples: Samples,
        parameter: Option<Planned>,
        blamed: Span,
    ) -> Result<Vector> {
        let (plan, parameters) = attach(samples.plan, parameter.into_iter().collect())?;
        let samples = Samples { plan, ..samples };
        let value = self.over_mixed(function.name, &samples, parameters, blamed);
        let vector = samples.into_vector();
        if function.keeps_name {
            vector.with_value(value)
        } else {
            vector.map_nameless(value)
        }
    }

    /// The range function called `name` of such samples; without a name, the selector itself.
    pub(super) fn over_mixed(
        &self,
        name: &'static str,
        samples: &Samples,
        parameters: Vec<PlanExpr>,
        blamed: Span,
    ) -> PlanExpr {
        let function = MixedRange {
            name,
            extension: samples.reach.map(|reach| reach.extension),
            parameter: !parameters.is_empty(),
            speaker: self.speaker(blamed),
        };
        let arguments = samples.mixed_arguments().into_iter().chain(parameters);
        let arguments = arguments.chain([samples.metric_name()]);
        call(&function.udf(), arguments.collect())
    }

    /// A function that asks native histograms alone.
    pub(super) fn native_call(&self, function: Native, args: &[Expr]) -> Result<Vector> {
        let vector = self.vector(arg(args, 0)?)?;
        if !vector.is_mixed() {
            let value = vector.value();
            return self.nothing(vector)?.map_nameless(value);
        }
        let value = vector.value();
        vector.map_nameless(call(&function.udf(None), vec![value]))
    }
}
