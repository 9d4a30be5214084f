//! One node of a tree in PromQL's words, its operands left out: `sum by (job) (…)`. For plans that are shown as trees.

use std::fmt::Display;

use crate::ast::{Expr, Node};
use crate::print::{aggregate_head, operator_and_matching, subquery_suffix};

/// In place of an operand.
const LEFT_OUT: &str = "…";

/// The outermost node of `expr`, which is not in parentheses: its operands are left out, but for numbers and texts.
pub fn head(expr: &Expr) -> String {
    match &expr.node {
        Node::Number(_) | Node::String(_) | Node::Vector(_) | Node::Matrix(_) => expr.to_string(),
        Node::Paren(inner) => head(inner),
        Node::Subquery(subquery) => format!("{LEFT_OUT}{}", subquery_suffix(subquery)),
        Node::Unary(unary) => format!("{}{LEFT_OUT}", if unary.negative { '-' } else { '+' }),
        Node::Call(call) => bracketed(call.function, call.args.iter()),
        Node::Aggregate(node) => {
            bracketed(aggregate_head(node), node.param.iter().chain([&node.expr]))
        }
        Node::Binary(binary) => {
            let (left, right) = (operand(&binary.lhs), operand(&binary.rhs));
            format!("{left} {} {right}", operator_and_matching(binary))
        }
    }
}

/// The operands that [`head`] leaves out, from left to right, without the parentheses around them.
pub fn operands(expr: &Expr) -> impl Iterator<Item = &Expr> {
    let parts = expr.without_parens().parts().map(Expr::without_parens);
    parts.filter(|part| !is_literal(part))
}

fn bracketed<'a>(head: impl Display, inside: impl Iterator<Item = &'a Expr>) -> String {
    let inside: Vec<_> = inside.map(operand).collect();
    format!("{head}({})", inside.join(", "))
}

fn operand(expr: &Expr) -> String {
    if is_literal(expr.without_parens()) {
        expr.to_string()
    } else {
        LEFT_OUT.to_owned()
    }
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr.node, Node::Number(_) | Node::String(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{ParseOptions, parse};

    fn tree(expr: &Expr) -> String {
        let below: Vec<_> = operands(expr).map(tree).collect();
        match below.is_empty() {
            true => head(expr),
            false => format!("{} <- {{{}}}", head(expr), below.join(" | ")),
        }
    }

    #[test]
    fn nodes() {
        let cases = [
            ("1 + 1", "1 + 1"),
            ("(up) > bool (0)", "… > bool (0) <- {up}"),
            (
                "sum by (job) (rate(x{a=\"b\"}[5m] offset 1h))",
                "sum by (job) (…) <- {rate(…) <- {x{a=\"b\"}[5m] offset 1h}}",
            ),
            ("topk(2, -a)", "topk(2, …) <- {-… <- {a}}"),
            ("topk(scalar(k), a)", "topk(…, …) <- {scalar(…) <- {k} | a}"),
            (
                "max_over_time((a / on (b) group_left (c) d)[1h:1m])",
                "max_over_time(…) <- {…[1h:1m] <- {… / on (b) group_left (c) … <- {a | d}}}",
            ),
            ("time()", "time()"),
        ];
        for (query, expected) in cases {
            let expr = parse(query, &ParseOptions::all()).expect(query);
            assert_eq!(tree(&expr), expected, "{query}");
        }
    }
}
