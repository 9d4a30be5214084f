//! Functions of native histograms, and of series that may have some.

use datafusion::logical_expr::Expr as PlanExpr;
use narthex_model::{Result, STARTS_COLUMN};

use super::call::arg;
use super::columns::{call, column};
use super::scalar::attach;
use super::vector::{Samples, Vector};
use super::{Planned, Planner};
use crate::ast::{Expr, Span};
use crate::functions::mixed_range::MixedRange;
use crate::functions::native::Native;
use crate::functions::plan_function::PlanFunction;
use crate::functions::range::RangeFunction;
use crate::functions::starts::starts_function;

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
            starts: samples.starts,
            heeds_starts: self.params.start_timestamps && samples.reach.is_none(),
            parameter: !parameters.is_empty(),
            speaker: self.speaker(blamed),
        };
        let starts = samples.starts.then(|| column(STARTS_COLUMN));
        let arguments = samples.mixed_arguments().into_iter().chain(starts);
        let arguments = arguments.chain(parameters);
        let arguments = arguments.chain([samples.metric_name()]);
        call(&function.udf(), arguments.collect())
    }

    /// The range function called `name` of floats that say since when they count; `None` if it does not ask.
    pub(super) fn over_started(
        &self,
        name: &str,
        samples: &Samples,
        blamed: Span,
    ) -> Option<PlanExpr> {
        // As in Prometheus, `anchored` and `smoothed` do not heed start timestamps.
        if !samples.starts || samples.reach.is_some() {
            return None;
        }
        let udf = starts_function(name, self.speaker(blamed))?;
        let arguments = samples.arguments().into_iter();
        let arguments = arguments.chain([column(STARTS_COLUMN), samples.metric_name()]);
        Some(call(&udf, arguments.collect()))
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
