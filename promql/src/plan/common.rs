//! Expressions that stand in a query several times: they are planned once, and their rows are kept for all.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;

use datafusion::common::TableReference;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use narthex_model::Result;

use super::buckets::Buckets;
use super::columns::{VALUE, column};
use super::vector::{Vector, project};
use super::{Grid, Planned, Planner, planning};
use crate::ast::{Expr, Node, ValueType};
use crate::nodes::shared::SharedTable;
use crate::value_type;

/// The expressions of a tree that have equals, and what they have become.
#[derive(Default)]
pub(super) struct Common<'a> {
    /// The class of equals of an expression, by its place in the tree.
    classes: HashMap<*const Expr, usize>,
    all: Vec<Class<'a>>,
    kept: RefCell<Vec<(Occasion, Kept)>>,
}

/// Equal expressions.
struct Class<'a> {
    /// How many there are, but for those inside larger expressions that are repeated as a whole.
    count: usize,
    /// The last of them stands for all: if it has something to say, Prometheus blames this one.
    last: &'a Expr,
}

/// When an expression was planned: elsewhere the same text means something else.
#[derive(PartialEq)]
struct Occasion {
    class: usize,
    grid: Grid,
    buckets: Buckets,
}

/// The plan of an expression whose rows are kept.
#[derive(Clone)]
enum Kept {
    Scalar(LogicalPlan),
    Vector(Vector),
}

impl From<Kept> for Planned {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Scalar(plan) => Self::Scalar(plan),
            Kept::Vector(vector) => Self::Vector(vector),
        }
    }
}

impl<'a> Common<'a> {
    /// Those of `expr` and all below it.
    pub(super) fn of(expr: &'a Expr) -> Self {
        let mut found = Self::default();
        found.visit(expr, true, &mut HashMap::new());
        found
    }

    /// The class of `expr`, a part of the tree that was looked at, and what stands for it; `None` if it stands alone.
    fn class(&self, expr: &Expr) -> Option<(usize, &'a Expr)> {
        let class = *self.classes.get(&ptr::from_ref(expr))?;
        let found = self.all.get(class).filter(|found| found.count > 1)?;
        Some((class, found.last))
    }

    /// The expression that is evaluated in the place of `expr`, if `expr` stands several times.
    pub(super) fn stands_for(&self, expr: &Expr) -> Option<&'a Expr> {
        self.class(expr).map(|(_, last)| last)
    }

    fn visit(&mut self, expr: &'a Expr, counts: bool, texts: &mut HashMap<String, usize>) {
        let mut counts = counts;
        if is_worth_keeping(expr) {
            let next = self.all.len();
            let class = *texts.entry(expr.to_string()).or_insert(next);
            if class == next {
                self.all.push(Class {
                    count: 0,
                    last: expr,
                });
            }
            self.classes.insert(ptr::from_ref(expr), class);
            let class = &mut self.all[class];
            class.last = expr;
            class.count += usize::from(counts);
            // What is inside a repetition is not planned again.
            counts &= class.count == 1;
        }
        for part in planned_parts(expr) {
            self.visit(part, counts, texts);
        }
    }
}

/// Whether `expr` reads anything and gives rows.
fn is_worth_keeping(expr: &Expr) -> bool {
    let has_rows = matches!(
        value_type(expr),
        ValueType::InstantVector | ValueType::Scalar
    );
    let mut reads = false;
    expr.walk(&mut |part| reads |= matches!(part.node, Node::Vector(_) | Node::Matrix(_)));
    has_rows && reads && !matches!(expr.node, Node::Paren(_))
}

/// The parts of `expr` that are planned by themselves.
fn planned_parts(expr: &Expr) -> impl Iterator<Item = &Expr> {
    let most = match &expr.node {
        Node::Call(call) if call.function == "info" => 1,
        Node::Call(call) if matches!(call.function, "timestamp" | "start_timestamp") => {
            let selects = |arg: &Expr| matches!(arg.without_parens().node, Node::Vector(_));
            usize::from(!call.args.iter().any(selects))
        }
        _ => usize::MAX,
    };
    expr.parts().take(most)
}

impl Planner<'_> {
    /// `expr` from kept rows, if it has equals.
    pub(super) fn common(&self, expr: &Expr) -> Option<Result<Planned>> {
        let (class, last) = self.common.class(expr)?;
        let occasion = Occasion {
            class,
            grid: self.grid,
            buckets: self.buckets,
        };
        let kept = self.common.kept.borrow();
        if let Some((_, kept)) = kept.iter().find(|(known, _)| *known == occasion) {
            return Some(Ok(kept.clone().into()));
        }
        drop(kept);
        Some(self.keep(occasion, last))
    }

    fn keep(&self, occasion: Occasion, last: &Expr) -> Result<Planned> {
        let kept = match self.plan_alone(last)? {
            Planned::Vector(vector) => Kept::Vector(self.kept(vector)?),
            Planned::Scalar(plan) => Kept::Scalar(project(self.shared(plan)?, &[], column(VALUE))?),
            other => return Ok(other),
        };
        let mut all = self.common.kept.borrow_mut();
        all.push((occasion, kept.clone()));
        Ok(kept.into())
    }

    /// The same vector; its rows are made once, however often they are read.
    pub(super) fn kept(&self, vector: Vector) -> Result<Vector> {
        let plan = self.shared(vector.plan)?;
        Vector { plan, ..vector }.with_value(column(VALUE))
    }

    fn shared(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        // Its rows stay with the plan.
        self.again.never();
        let source = provider_as_source(Arc::new(SharedTable::new(plan)));
        LogicalPlanBuilder::scan(TableReference::bare("shared"), source, None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(planning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ParseOptions, parse};

    /// The expressions that would be kept.
    fn common(query: &str) -> String {
        let expr = parse(query, &ParseOptions::all()).expect("it parses");
        let found = Common::of(&expr);
        let repeated = found.all.iter().filter(|class| class.count > 1);
        let texts: Vec<_> = repeated
            .map(|class| format!("{} at {}", class.last, class.last.span.start))
            .collect();
        texts.join(" | ")
    }

    #[test]
    fn found() {
        let cases = [
            ("x + y", ""),
            ("1 + 1", ""),
            ("x / (x + y)", "x at 5"),
            (
                "sum(rate(x[5m])) / sum(rate(x[5m]))",
                "sum(rate(x[5m])) at 19",
            ),
            ("f and f or x", "f at 6"),
            ("abs(x) + abs((x)) + abs(x)", "abs(x) at 20 | x at 24"),
            ("abs(x) + (abs(x)) + x", "abs(x) at 10 | x at 20"),
            ("rate(x[5m]) + increase(x[5m])", ""),
            ("timestamp(x) + x", ""),
            ("timestamp(abs(x)) + abs(x)", "abs(x) at 20"),
            ("info(x, {a=\"b\"}) + {a=\"b\"}", ""),
        ];
        for (query, expected) in cases {
            assert_eq!(common(query), expected, "{query}");
        }
    }
}
