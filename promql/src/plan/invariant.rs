//! Which expressions have the same value at all steps: those whose selectors are pinned with `@`. They are evaluated once, and
//! the result is repeated.

use std::collections::HashSet;
use std::ptr;

use crate::ast::{Call, Expr, Modifiers, Node};

/// Functions whose value depends on the instant of evaluation, whatever their arguments say.
const OF_TIME: [&str; 11] = [
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "time",
    "timestamp",
    "year",
];

/// The expressions of a tree that are the same at all steps and read something.
#[derive(Default)]
pub(super) struct Invariants(HashSet<*const Expr>);

/// What is known of an expression.
#[derive(Clone, Copy)]
enum Kind {
    /// Changes from step to step.
    Varies,
    /// Reads nothing that changes.
    Constant,
    /// Reads samples of a fixed time.
    Pinned,
}

impl Kind {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Varies, _) | (_, Self::Varies) => Self::Varies,
            (Self::Constant, Self::Constant) => Self::Constant,
            _ => Self::Pinned,
        }
    }

    fn of(modifiers: &Modifiers) -> Self {
        match modifiers.at {
            Some(_) => Self::Pinned,
            None => Self::Varies,
        }
    }
}

impl Invariants {
    /// Those of `expr` and all below it.
    pub(super) fn of(expr: &Expr) -> Self {
        let mut found = Self::default();
        found.visit(expr);
        found
    }

    /// Whether `expr`, a part of the tree that was looked at, is one of them.
    pub(super) fn contains(&self, expr: &Expr) -> bool {
        self.0.contains(&ptr::from_ref(expr))
    }

    fn visit(&mut self, expr: &Expr) -> Kind {
        let kind = match &expr.node {
            Node::Number(_) | Node::String(_) => Kind::Constant,
            Node::Vector(selector) => Kind::of(&selector.modifiers),
            Node::Matrix(selector) => Kind::of(&selector.vector.modifiers),
            Node::Subquery(subquery) => {
                self.visit(&subquery.expr);
                Kind::of(&subquery.modifiers)
            }
            Node::Call(call) => self.visit_call(call),
            Node::Aggregate(aggregate) => {
                let param = aggregate.param.as_ref();
                let param = param.map_or(Kind::Constant, |param| self.visit(param));
                param.and(self.visit(&aggregate.expr))
            }
            Node::Binary(binary) => self.visit(&binary.lhs).and(self.visit(&binary.rhs)),
            Node::Unary(unary) => self.visit(&unary.expr),
            Node::Paren(inner) => self.visit(inner),
        };
        let whole = !matches!(expr.node, Node::Matrix(_) | Node::Subquery(_));
        if whole && matches!(kind, Kind::Pinned) {
            self.0.insert(ptr::from_ref(expr));
        }
        kind
    }

    fn visit_call(&mut self, call: &Call) -> Kind {
        // The second argument of info is no selector of its own: it follows the first.
        let own = if call.function == "info" {
            1
        } else {
            call.args.len()
        };
        let args = call.args.iter().take(own).map(|arg| self.visit(arg));
        let kind = args.fold(Kind::Constant, Kind::and);
        if OF_TIME.contains(&call.function) {
            return Kind::Varies;
        }
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ParseOptions, parse};

    /// The outermost invariants of a query.
    fn invariants(query: &str) -> String {
        let expr = parse(query, &ParseOptions::all()).expect("it parses");
        let found = Invariants::of(&expr);
        let mut outermost: Vec<&Expr> = Vec::new();
        expr.walk(&mut |part| {
            let inside = |outer: &&Expr| {
                outer.span.start <= part.span.start && part.span.end <= outer.span.end
            };
            if found.contains(part) && !outermost.iter().any(inside) {
                outermost.push(part);
            }
        });
        let texts: Vec<_> = outermost.iter().map(ToString::to_string).collect();
        texts.join(" | ")
    }

    #[test]
    fn found() {
        let cases = [
            ("rate(x[5m])", ""),
            ("1 + vector(2)", ""),
            ("x @ 1 + y", "x @ 1.000"),
            (
                "sum(rate(x[5m] @ end())) * 2",
                "sum(rate(x[5m] @ end())) * 2",
            ),
            ("timestamp(x @ 1)", "x @ 1.000"),
            ("predict_linear(x[5m] @ 1, 60)", ""),
            ("topk(scalar(k), x @ 1)", "x @ 1.000"),
            ("max_over_time((x @ 1)[5m:1m])", "(x @ 1.000)"),
            (
                "max_over_time(x[5m:1m] @ 1)",
                "max_over_time(x[5m:1m] @ 1.000)",
            ),
            ("info(x @ 1, {v=~\".+\"})", "info(x @ 1.000, {v=~\".+\"})"),
        ];
        for (query, expected) in cases {
            assert_eq!(invariants(query), expected, "{query}");
        }
    }
}
