//! A tree as text over several lines, as Prometheus lays it out: what does not fit a line is split at its outermost node.

use crate::ast::{Aggregate, Binary, Call, Expr, Node, Subquery, Unary};
use crate::print::{aggregate_head, binary_left, operator_and_matching, subquery_suffix};

/// A node whose text is longer is split.
const LINE_MAX: usize = 100;
const INDENT: &str = "  ";

/// The expression, laid out. It reads back as the same tree.
pub fn pretty(expr: &Expr) -> String {
    expression(expr, 0)
}

fn indent(level: usize) -> String {
    INDENT.repeat(level)
}

fn expression(expr: &Expr, level: usize) -> String {
    let line = expr.to_string();
    if let Node::Unary(node) = &expr.node {
        return unary(node, level);
    }
    let whole = format!("{}{line}", indent(level));
    if line.len() <= LINE_MAX {
        // Prometheus forgets to indent a subquery that fits; who compares texts wants the same.
        let flush = matches!(expr.node, Node::Subquery(_));
        return if flush { line } else { whole };
    }
    match &expr.node {
        Node::Aggregate(node) => aggregate(node, level),
        Node::Binary(node) => binary(node, level),
        Node::Call(node) => call(node, level),
        Node::Paren(inner) => bracketed("", &[inner.as_ref()], level),
        Node::Subquery(node) => subquery(node, level),
        _ => whole,
    }
}

/// `head(`, the expressions one level deeper, `)`.
fn bracketed(head: &str, inside: &[&Expr], level: usize) -> String {
    let inside = inside.iter().map(|expr| expression(expr, level + 1));
    let inside: Vec<_> = inside.collect();
    let (begin, end) = (indent(level), indent(level));
    format!("{begin}{head}(\n{}\n{end})", inside.join(",\n"))
}

fn aggregate(node: &Aggregate, level: usize) -> String {
    let inside: Vec<_> = node.param.iter().chain([&node.expr]).collect();
    bracketed(&aggregate_head(node), &inside, level)
}

fn call(node: &Call, level: usize) -> String {
    let args: Vec<_> = node.args.iter().collect();
    bracketed(node.function, &args, level)
}

fn binary(node: &Binary, level: usize) -> String {
    // A power whose base is a negative number is never long on its left.
    let left = match expression(&node.lhs, level + 1) {
        short if short.trim_start() == node.lhs.to_string() => {
            format!("{}{}", indent(level + 1), binary_left(node))
        }
        split => split,
    };
    let right = expression(&node.rhs, level + 1);
    let (begin, operator) = (indent(level), operator_and_matching(node));
    format!("{left}\n{begin}{operator}\n{right}")
}

fn subquery(node: &Subquery, level: usize) -> String {
    format!("{}{}", expression(&node.expr, level), subquery_suffix(node))
}

fn unary(node: &Unary, level: usize) -> String {
    let sign = if node.negative { '-' } else { '+' };
    let operand = expression(&node.expr, level);
    format!("{}{sign}{}", indent(level), operand.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{ParseOptions, parse};

    fn laid_out(query: &str) -> String {
        let expr = parse(query, &ParseOptions::all()).expect(query);
        let text = pretty(&expr);
        let again = parse(&text, &ParseOptions::all()).expect("reads back");
        assert_eq!(again.to_string(), expr.to_string());
        text
    }

    #[test]
    fn short_queries_stay_on_a_line() {
        assert_eq!(
            laid_out("sum(rate( x[5m] ))by(job)"),
            "sum by (job) (rate(x[5m]))"
        );
        assert_eq!(laid_out("- x"), "-x");
    }

    #[test]
    fn long_ones_are_split_at_their_nodes() {
        let long =
            "a_metric_with_a_long_name{label=\"and a value that is long as well\",other=\"x\"}";
        let query =
            format!("sum by (job) (rate({long}[5m])) / on (job) group_left (x) -({long} + {long})");
        let expected = format!(
            "  sum by (job) (\n    rate({long}[5m])\n  )\n/ on (job) group_left (x)\n  -(\n      {long}\n    +\n      {long}\n  )"
        );
        assert_eq!(laid_out(&query), expected);
    }
}
