//! Function calls.

use datafusion::logical_expr::{Expr as PlanExpr, lit};
use narthex_model::{Error, Result};

use super::columns::{VALUE, call, column};
use super::scalar::attach;
use super::vector::{Samples, Vector, project};
use super::{Planned, Planner, blamed, not_supported, seconds};
use crate::ast::{BinaryOp, Call, Expr, Span};
use crate::functions::binary::{Comparison, binary};
use crate::functions::elementwise::{Elementwise, Parametric, elementwise, parametric};
use crate::functions::extended::extended_function;
use crate::functions::native::native_function;
use crate::functions::plan_function::PlanFunction;
use crate::functions::presence::Presence;
use crate::functions::range::{RangeFunction, range_function};
use crate::functions::remarks::{is_counter_name, is_quantile};
use crate::kernels::windows::Windows;
use crate::notes::Speaker;

impl Planner<'_> {
    pub(super) fn call(&self, node: &Call, span: Span) -> Result<Planned> {
        if let Some(function) = range_function(node.function) {
            return self.range_call(function, &node.args).map(Planned::Vector);
        }
        if let Some(function) = elementwise(node.function) {
            return self
                .elementwise_call(function, &node.args)
                .map(Planned::Vector);
        }
        if let Some(function) = parametric(node.function) {
            return self
                .parametric_call(function, &node.args)
                .map(Planned::Vector);
        }
        if let Some(function) = native_function(node.function) {
            return self.native_call(function, &node.args).map(Planned::Vector);
        }
        match self.special_call(node, span)? {
            Some(planned) => Ok(planned),
            None => Err(not_supported(&format!("the function {}()", node.function))),
        }
    }

    fn range_call(&self, function: &'static RangeFunction, args: &[Expr]) -> Result<Vector> {
        let at = usize::from(function.parameter == Some(0));
        let samples = self.samples(arg(args, at)?)?;
        let parameter = function
            .parameter
            .map(|at| self.scalar(arg(args, at)?))
            .transpose()?;
        let parameter = match parameter {
            Some(ahead) if function.name == "predict_linear" => {
                Some(self.past_window_end(ahead, &samples.windows)?)
            }
            other => other,
        };
        let blame = blamed(arg(args, 0)?);
        if samples.histograms {
            return self.mixed_range_call(function, samples, parameter, blame);
        }
        if let Some(value) = self.over_started(function.name, &samples, blame) {
            return samples.into_vector().map_nameless(value);
        }
        let arguments = samples.arguments();
        let speaker = self.speaker_over(function, &samples, parameter.as_ref(), args);
        let name = speaker.is_some().then(|| samples.metric_name());
        let reach = samples.reach;
        let (vector, parameters) = samples
            .into_vector()
            .attach(parameter.into_iter().collect())?;
        let arguments = arguments.into_iter().chain(parameters).chain(name);
        let udf = match reach {
            None => Some(function.udf(speaker)),
            Some(reach) => extended_function(function.name, reach.extension, speaker),
        };
        let udf =
            udf.ok_or_else(|| Error::internal("the checker let a selector's extension pass"))?;
        let value = call(&udf, arguments.collect());
        if function.keeps_name {
            vector.with_value(value)
        } else {
            vector.map_nameless(value)
        }
    }

    /// A distance from the instants of evaluation as one from the ends of windows, which `offset` and `@` have moved.
    fn past_window_end(&self, distance: Planned, windows: &Windows) -> Result<Planned> {
        let add = binary(BinaryOp::Add, Comparison::Bool);
        let end = seconds(windows.first_end);
        if windows.first_end != self.grid.start {
            // The distance is rounded as the instants are.
            self.again.never();
        }
        if windows.interval != 0 || self.grid.steps == 1 {
            let moved = seconds(self.grid.start) - end;
            return match distance {
                Planned::Number(v) => Ok(Planned::Number(v + moved)),
                same if moved == 0.0 => Ok(same),
                varying => {
                    let plan = self.scalar_plan(varying)?;
                    let sum = call(&add, vec![column(VALUE), lit(moved)]);
                    project(plan, &[], sum).map(Planned::Scalar)
                }
            };
        }
        let moved = call(&add, vec![self.time(), lit(-end)]);
        let (plan, distance) = attach(self.one_row(moved)?, vec![distance])?;
        let sum = [column(VALUE)].into_iter().chain(distance).collect();
        project(plan, &[], call(&add, sum)).map(Planned::Scalar)
    }

    /// Who speaks for a range function, if there may be something to say.
    fn speaker_over(
        &self,
        function: &'static RangeFunction,
        samples: &Samples,
        parameter: Option<&Planned>,
        args: &[Expr],
    ) -> Option<Speaker> {
        let metric = samples.metric.as_deref();
        let needed = match (function.name, parameter) {
            ("rate" | "increase", _) => !metric.is_some_and(is_counter_name),
            ("quantile_over_time", Some(Planned::Number(phi))) => !is_quantile(*phi),
            ("quantile_over_time", _) => true,
            _ => false,
        };
        let argument = args.first().filter(|_| needed)?;
        Some(self.speaker(blamed(argument)))
    }

    fn elementwise_call(&self, function: &'static Elementwise, args: &[Expr]) -> Result<Vector> {
        let vector = match args.first() {
            Some(expr) => self.vector(expr)?,
            None => self.scalar_vector(Planned::Scalar(self.one_row(self.time())?))?,
        };
        let value = vector.value();
        vector.map_nameless(call(&function.udf(), vec![value]))
    }

    fn parametric_call(&self, function: &'static Parametric, args: &[Expr]) -> Result<Vector> {
        let vector = self.vector(arg(args, 0)?)?;
        let mut parameters = args
            .iter()
            .skip(1)
            .map(|p| self.scalar(p))
            .collect::<Result<Vec<_>>>()?;
        if function.name == "round" && parameters.is_empty() {
            parameters.push(Planned::Number(1.0));
        }
        if let ("clamp", [Planned::Number(min), Planned::Number(max)]) =
            (function.name, parameters.as_slice())
            && min > max
        {
            return self.nothing(vector);
        }
        let (vector, operands) = vector.attach(parameters)?;
        let arguments = [vector.value()].into_iter().chain(operands).collect();
        vector.map_nameless(call(&function.udf(), arguments))
    }

    /// The same series without any point: evaluated, for its errors count.
    pub(super) fn nothing(&self, vector: Vector) -> Result<Vector> {
        let there = call(&Presence::There.udf(), vec![vector.value()]);
        let value = call(&Presence::Unless.udf(), vec![vector.value(), there]);
        vector.with_value(value)
    }
}

/// The argument at `position`, which the checker has seen.
pub(super) fn arg(args: &[Expr], position: usize) -> Result<&Expr> {
    args.get(position)
        .ok_or_else(|| Error::internal(format!("argument {position} is missing")))
}

/// `udf(value)` for a column that has been projected.
pub(super) fn of_value(udf: &std::sync::Arc<datafusion::logical_expr::ScalarUDF>) -> PlanExpr {
    call(udf, vec![column(VALUE)])
}
