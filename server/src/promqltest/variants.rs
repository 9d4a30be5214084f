//! An instant case in other words: its selectors pinned to the instant with `@`, so that it must answer the same at any other.

use narthex_model::Result;
use narthex_promql::ast::{At, Expr, Modifiers, Node};
use narthex_promql::{ParseOptions, parse};

/// Functions whose value depends on when they are evaluated, whatever their selectors say.
const OF_TIME: [&str; 15] = [
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "end",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
    "year",
];

/// `query` pinned to the instant `at`, and the instants at which to ask it; `None` if it cannot be pinned.
///
/// # Errors
/// The query does not parse.
pub(super) fn variants(query: &str, at: i64) -> Result<Option<(String, Vec<i64>)>> {
    let mut expr = parse(query, &ParseOptions::all())?;
    let mut of_time = false;
    expr.walk(&mut |expr| {
        of_time |= matches!(&expr.node, Node::Call(call) if OF_TIME.contains(&call.function));
    });
    if of_time {
        return Ok(None);
    }
    pin(&mut expr, at);
    let instants = match at {
        0 => vec![-1_000, 0, 1_000],
        at => vec![at.saturating_mul(-10), 0, at / 5, at, at.saturating_mul(10)],
    };
    Ok(Some((expr.to_string(), instants)))
}

/// Pins every selector and subquery; what lies inside a subquery follows it.
fn pin(expr: &mut Expr, at: i64) {
    let unless_pinned = |modifiers: &mut Modifiers| {
        if !matches!(modifiers.at, Some(At::Timestamp(_))) {
            modifiers.at = Some(At::Timestamp(at));
        }
    };
    match &mut expr.node {
        Node::Number(_) | Node::String(_) => {}
        Node::Vector(selector) => unless_pinned(&mut selector.modifiers),
        Node::Matrix(selector) => unless_pinned(&mut selector.vector.modifiers),
        Node::Subquery(subquery) => unless_pinned(&mut subquery.modifiers),
        Node::Call(call) => call.args.iter_mut().for_each(|arg| pin(arg, at)),
        Node::Aggregate(aggregate) => {
            aggregate.param.iter_mut().for_each(|param| pin(param, at));
            pin(&mut aggregate.expr, at);
        }
        Node::Binary(binary) => {
            pin(&mut binary.lhs, at);
            pin(&mut binary.rhs, at);
        }
        Node::Unary(unary) => pin(&mut unary.expr, at),
        Node::Paren(inner) => pin(inner, at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(query: &str, at: i64) -> Option<(String, Vec<i64>)> {
        variants(query, at).expect("valid")
    }

    #[test]
    fn selectors_are_pinned() {
        let (query, instants) = pinned(
            "sum(rate(x[5m] offset 1m)) / max_over_time(y[1h:]) + z @ 7 - w @ end()",
            60_000,
        )
        .expect("variants");
        assert_eq!(
            query,
            "sum(rate(x[5m] @ 60.000 offset 1m)) / max_over_time(y[1h:] @ 60.000) + z @ 7.000 - w @ 60.000"
        );
        assert_eq!(instants, [-600_000, 0, 12_000, 60_000, 600_000]);
        assert_eq!(pinned("1", 0).expect("variants").1, [-1_000, 0, 1_000]);
        assert_eq!(pinned("sum(timestamp(x))", 0), None);
    }
}
