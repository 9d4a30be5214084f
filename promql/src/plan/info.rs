//! `info(v, {…})`: a plan of two inputs, the base series and the info series as they were when the base was read.

use std::sync::Arc;

use datafusion::common::TableReference;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use narthex_model::{METRIC_NAME, MatchOp, Matcher, Result};

use super::call::arg;
use super::columns::{VALUE, call, column, label};
use super::names::DROPPED;
use super::vector::Vector;
use super::{Planner, planning};
use crate::ast::{Expr, Modifiers, Node, VectorSelector};
use crate::functions::counted::Looks;
use crate::functions::mixed_points::MixedInstant;
use crate::functions::plan_function::PlanFunction;
use crate::functions::points::{Instant, Take};
use crate::functions::presence::Presence;
use crate::kernels::windows::Windows;
use crate::nodes::gather::GatherTable;
use crate::nodes::info::{InfoJoin, MASK, POINTS};

impl Planner<'_> {
    pub(super) fn info(&self, args: &[Expr]) -> Result<Vector> {
        let base = self.vector(arg(args, 0)?)?;
        let given = match args.get(1).map(|selector| &selector.node) {
            Some(Node::Vector(selector)) => selector.matchers.clone(),
            _ => Vec::new(),
        };
        let (names, data): (Vec<_>, Vec<_>) =
            given.into_iter().partition(|m| m.name() == METRIC_NAME);
        let names = names_of_info(names)?;
        let info = self.info_series(arg(args, 0)?, &names, &data)?;
        let labels = result_labels(&base, &info, &data);
        let carried = [VALUE]
            .into_iter()
            .chain(base.names.column().map(|_| DROPPED));
        let carried = carried.map(|name| {
            base.plan
                .schema()
                .field_with_unqualified_name(name)
                .cloned()
        });
        let carried = carried.collect::<Result<Vec<_>, _>>().map_err(planning)?;
        let join = InfoJoin {
            names,
            data,
            labels: labels.clone(),
            value: VALUE,
            carried,
            steps: self.grid.steps,
        };
        let table = GatherTable {
            inputs: vec![base.plan, info.plan],
            combine: Arc::new(join),
        };
        let source = provider_as_source(Arc::new(table));
        let plan = LogicalPlanBuilder::scan(TableReference::bare("info"), source, None);
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(planning)?;
        let value = call(&Presence::And.udf(), vec![column(VALUE), column(MASK)]);
        let enriched = Vector {
            plan,
            labels,
            distinct: false,
            names: base.names,
        };
        enriched.with_value(value)
    }

    /// The info series; their values are the times of their samples, and tell which is newest.
    fn info_series(&self, base: &Expr, names: &[Matcher], data: &[Matcher]) -> Result<Vector> {
        let selector = VectorSelector {
            name: None,
            matchers: names.iter().chain(data).cloned().collect(),
            modifiers: Modifiers::default(),
            extension: None,
        };
        let samples = self.scan(&selector, self.reference_windows(base)?, Looks::AtNewest)?;
        let mut columns: Vec<_> = samples.labels.iter().map(|l| label(l)).collect();
        if samples.histograms {
            let times = call(
                &MixedInstant(Take::Timestamp).udf(),
                samples.mixed_arguments(),
            );
            let points = call(&MixedInstant(Take::Value).udf(), samples.mixed_arguments());
            columns.extend([times.alias(VALUE), points.alias(POINTS)]);
        } else {
            let times = call(&Instant(Take::Timestamp).udf(), samples.arguments());
            columns.push(times.alias(VALUE));
        }
        let vector = samples.into_vector();
        let plan = LogicalPlanBuilder::from(vector.plan).project(columns);
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(planning)?;
        Ok(Vector { plan, ..vector })
    }

    /// Where the first selector of `expr` looks: its own modifiers and those of the subqueries around it count.
    fn reference_windows(&self, expr: &Expr) -> Result<Windows> {
        let mut around: Vec<&Modifiers> = Vec::new();
        first_selector(expr, &mut around);
        let (mut offset, mut pinned) = (0_i64, None);
        // From the inside out: an `@` makes all that stands around it meaningless.
        for modifiers in around.into_iter().rev() {
            let own = modifiers.offset.as_ref();
            let own = own.map_or(Ok(0), |offset| self.duration(offset))?;
            offset = offset.saturating_add(own);
            pinned = self.pinned(modifiers);
            if pinned.is_some() {
                break;
            }
        }
        Ok(Windows::over(
            self.grid,
            self.params.lookback_ms,
            offset,
            pinned,
        ))
    }
}

/// Collects the modifiers on the way to the first selector, outer ones first. Whether there is a selector.
fn first_selector<'a>(expr: &'a Expr, around: &mut Vec<&'a Modifiers>) -> bool {
    match &expr.node {
        Node::Number(_) | Node::String(_) => false,
        Node::Vector(selector) => {
            around.push(&selector.modifiers);
            true
        }
        Node::Matrix(selector) => {
            around.push(&selector.vector.modifiers);
            true
        }
        Node::Subquery(subquery) => {
            around.push(&subquery.modifiers);
            let found = first_selector(&subquery.expr, around);
            if !found {
                around.pop();
            }
            found
        }
        Node::Call(call) => call.args.iter().any(|arg| first_selector(arg, around)),
        Node::Aggregate(aggregate) => {
            let param = aggregate.param.iter();
            let mut operands = param.chain([&aggregate.expr]);
            operands.any(|operand| first_selector(operand, around))
        }
        Node::Binary(binary) => {
            let mut operands = [&binary.lhs, &binary.rhs].into_iter();
            operands.any(|operand| first_selector(operand, around))
        }
        Node::Unary(unary) => first_selector(&unary.expr, around),
        Node::Paren(inner) => first_selector(inner, around),
    }
}

/// What info metrics are called: as `given`, `target_info` by default, and something with `_info` if it is only said what
/// they are not called.
fn names_of_info(given: Vec<Matcher>) -> Result<Vec<Matcher>> {
    let mut names = given;
    if names.is_empty() {
        names.push(Matcher::equal(METRIC_NAME, "target_info"));
    } else if names
        .iter()
        .all(|m| matches!(m.op(), MatchOp::NotEqual | MatchOp::NotRegex))
    {
        names.push(Matcher::new(METRIC_NAME, MatchOp::Regex, ".+_info")?);
    }
    Ok(names)
}

fn result_labels(base: &Vector, info: &Vector, data: &[Matcher]) -> Vec<String> {
    let taken = info.labels.iter().filter(|l| {
        *l != METRIC_NAME && (data.is_empty() || data.iter().any(|m| m.name() == l.as_str()))
    });
    let mut labels: Vec<_> = base.labels.iter().chain(taken).cloned().collect();
    labels.sort();
    labels.dedup();
    labels
}
