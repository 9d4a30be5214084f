//! Which metrics an expression reads.

use narthex_model::{METRIC_NAME, MatchOp};
use narthex_syntax::ast::{Expr, Node, VectorSelector};

use crate::file::RuleSpec;

/// Whether an expression reads a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// It does not.
    No,
    /// It selects without saying a name, and the metric may be among what it finds.
    Maybe,
    /// It names the metric.
    Named,
}

impl RuleSpec {
    /// Whether the rule's expression reads `metric`.
    pub fn reads(&self, metric: &str) -> Reads {
        reads(&self.expr, metric)
    }
}

/// Whether an expression reads `metric`.
pub(crate) fn reads(expr: &Expr, metric: &str) -> Reads {
    let here = match &expr.node {
        Node::Vector(vector) => selects(vector, metric),
        Node::Matrix(matrix) => selects(&matrix.vector, metric),
        // It joins metrics that it does not name.
        Node::Call(call) if call.function == "info" => Reads::Maybe,
        _ => Reads::No,
    };
    let parts = expr.parts().map(|part| reads(part, metric));
    parts.fold(here, Reads::max)
}

fn selects(vector: &VectorSelector, metric: &str) -> Reads {
    let of_name = || vector.matchers.iter().filter(|m| m.name() == METRIC_NAME);
    if !of_name().all(|matcher| matcher.accepts(metric)) {
        return Reads::No;
    }
    match of_name().any(|matcher| matcher.op() == MatchOp::Equal) {
        true => Reads::Named,
        false => Reads::Maybe,
    }
}

#[cfg(test)]
mod tests {
    use narthex_syntax::{ParseOptions, parse};

    use super::*;

    #[test]
    fn names_and_what_may_be_meant() {
        for (query, expected) in [
            ("a", Reads::Named),
            ("{__name__=\"a\", x=\"1\"}", Reads::Named),
            ("sum(rate(a[5m])) / on () b", Reads::Named),
            ("max_over_time(sum(a)[1h:1m])", Reads::Named),
            ("{__name__=~\"a|b\"}", Reads::Maybe),
            ("{x=\"1\"}", Reads::Maybe),
            ("{x=\"1\"} + a", Reads::Named),
            ("{__name__=~\"b|c\"}", Reads::No),
            ("b{x=\"a\"} + 1", Reads::No),
        ] {
            let expr = parse(query, &ParseOptions::all()).expect("valid");
            assert_eq!(reads(&expr, "a"), expected, "{query}");
        }
    }
}
