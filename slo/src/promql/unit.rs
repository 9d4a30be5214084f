//! Whether a query gives events in a second, or events.

use narthex_syntax::ast::{AggregateOp, BinaryOp, Expr, Node};

use super::Template;

/// What the values of an expression are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// So many in a second.
    PerSecond,
    /// Zero, that is so in any unit.
    Zero,
    /// Anything else.
    Other,
}

/// Whether both of two queries give rates, all events and those that are told apart: then each value stands for as many events as it is
/// times the seconds of its window.
pub(crate) fn are_rates(total: &str, some: &str) -> bool {
    let unit = |text: &str| Template::parse(text).map_or(Unit::Other, |t| unit(&t.expr));
    unit(total) == Unit::PerSecond && unit(some) != Unit::Other
}

fn unit(expr: &Expr) -> Unit {
    match &expr.without_parens().node {
        Node::Number(number) if number.value == 0.0 => Unit::Zero,
        Node::Call(call) => of_call(call.function, &call.args),
        Node::Aggregate(aggregate) if keeps(aggregate.op) => unit(&aggregate.expr),
        Node::Unary(unary) => unit(&unary.expr),
        Node::Subquery(subquery) => unit(&subquery.expr),
        Node::Binary(binary) => {
            let (left, right) = (unit(&binary.lhs), unit(&binary.rhs));
            match binary.op {
                BinaryOp::Add | BinaryOp::Sub | BinaryOp::Or => either(left, right),
                BinaryOp::And | BinaryOp::Unless => left,
                _ if is_filter(binary.op) && !binary.return_bool => left,
                _ => Unit::Other,
            }
        }
        _ => Unit::Other,
    }
}

fn of_call(function: &str, args: &[Expr]) -> Unit {
    match (function, args.first()) {
        ("rate" | "irate", _) => Unit::PerSecond,
        (
            "vector" | "scalar" | "abs" | "sort" | "sort_desc" | "sort_by_label"
            | "sort_by_label_desc" | "label_replace" | "label_join" | "histogram_count"
            | "avg_over_time" | "min_over_time" | "max_over_time" | "last_over_time",
            Some(arg),
        ) => unit(arg),
        _ => Unit::Other,
    }
}

/// Whether what is aggregated is of the same unit after that.
fn keeps(op: AggregateOp) -> bool {
    use AggregateOp::{Avg, Bottomk, LimitRatio, Limitk, Max, Min, Sum, Topk};
    matches!(
        op,
        Sum | Avg | Min | Max | Topk | Bottomk | Limitk | LimitRatio
    )
}

fn is_filter(op: BinaryOp) -> bool {
    use BinaryOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    matches!(
        op,
        Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual
    )
}

fn either(left: Unit, right: Unit) -> Unit {
    match (left, right) {
        (Unit::Zero, unit) | (unit, Unit::Zero) => unit,
        (Unit::PerSecond, Unit::PerSecond) => Unit::PerSecond,
        _ => Unit::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_what_is_made_of_them() {
        let rates = [
            "sum(rate(x[{{.window}}]))",
            "avg by (job) (irate(x[5m])) > 0",
            "sum(rate(x[5m]) or 0 * vector(0)) or vector(0)",
            "max_over_time(sum(rate(x[1m]))[{{.window}}:])",
            "(sum(rate(x[5m])) - sum(rate(y[5m] offset 1m))) and z",
            "histogram_count(sum(rate(h[5m])))",
        ];
        for text in rates {
            let is = are_rates(text, "vector(0)");
            assert_eq!(is, !text.contains("0 *"), "{text}");
        }
        let others = [
            "sum(increase(x[{{.window}}]))",
            "sum(rate(x[{{.window}}])) * 300",
            "count(rate(x[5m]))",
            "sum(rate(x[5m])) > bool 0",
            "sum_over_time(rate(x[5m])[{{.window}}:])",
            "sum(job:requests:rate5m)",
            "0",
        ];
        for text in others {
            assert!(!are_rates(text, "sum(rate(x[5m]))"), "{text}");
        }
        assert!(!are_rates("sum(rate(x[5m]))", "sum(increase(x[5m]))"));
    }
}
