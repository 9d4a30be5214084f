//! From what queries count to an indicator.

use narthex_model::{MatchOp, Matcher, format_duration};
use narthex_syntax::ast::{BinaryOp, Expr, Node};

use super::counters::{Counters, How, bare};
use super::template::{Range, Template};
use crate::spec::{Counted, Indicator, Selector, Which};

/// An indicator of counters, and by which labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// What is measured.
    pub indicator: Indicator,
    /// By which labels apart.
    pub group_by: Vec<String>,
    /// A fixed range that the queries had, which slices take the place of, as it is written.
    pub fixed_range: Option<String>,
}

/// What two queries count, one of all events and one of those that are told apart, if both rate counters and sum them.
pub fn of_queries(total: &Template, some: &Template, which: Which) -> Option<Known> {
    known(rated(&total.expr)?, rated(&some.expr)?, which)
}

/// The same of queries that are said to give counters: those may stand by themselves as well.
pub fn of_counters(total: &Template, some: &Template, which: Which) -> Option<Known> {
    let read = |expr| Counters::of(expr).or_else(|| bare(expr));
    let (mut total, mut some) = (read(&total.expr)?, read(&some.expr)?);
    for counters in [&mut total, &mut some] {
        counters
            .how
            .get_or_insert_with(How::plain)
            .ignore_function();
    }
    known(total, some, which)
}

/// Counters that stand by themselves may be gauges just as well.
fn rated(expr: &Expr) -> Option<Counters> {
    let found = Counters::of(expr)?;
    let plain = found
        .how
        .as_ref()
        .is_some_and(|how| how.function.is_empty());
    (!plain).then_some(found)
}

/// The same of a query that divides one by the other; `which` says what its value is the fraction of. `1 - …` turns that round.
pub fn of_ratio(query: &Template, which: Which) -> Option<Known> {
    ratio(&query.expr, which)
}

fn ratio(expr: &Expr, which: Which) -> Option<Known> {
    let Node::Binary(binary) = &expr.without_parens().node else {
        return None;
    };
    match (&binary.op, &binary.lhs.without_parens().node) {
        (BinaryOp::Sub, Node::Number(one)) if one.value == 1.0 => ratio(&binary.rhs, which.other()),
        (BinaryOp::Div, _) => {
            let total = rated(&binary.rhs)?;
            known(total, rated(&binary.lhs)?, which)
        }
        _ => None,
    }
}

fn known(total: Counters, some: Counters, which: Which) -> Option<Known> {
    let how = total.how.clone()?;
    if !is_alike(&how, some.how.as_ref()) || !total.subtracted.is_empty() {
        return None;
    }
    let (some, which) = told_apart(&total.added, some, which)?;
    let all = Counted::new(total.added);
    let indicator = latency(&all, &some, which).unwrap_or(Indicator::Events {
        total: all,
        some,
        which,
    });
    Some(Known {
        indicator,
        group_by: how.group_by.into_iter().collect(),
        fixed_range: match how.range {
            Range::Window => None,
            Range::Fixed(ms) => Some(format_duration(ms)),
        },
    })
}

/// Rates may be divided by rates, increases by increases, over the same range and by the same labels.
fn is_alike(total: &How, some: Option<&How>) -> bool {
    some.is_some_and(|some| some == total)
}

/// Those told apart: as they stand, or what is left when all events are taken from a difference.
fn told_apart(total: &[Selector], some: Counters, which: Which) -> Option<(Counted, Which)> {
    if some.subtracted.is_empty() {
        return (!some.added.is_empty()).then(|| (Counted::new(some.added), which));
    }
    let all = Counted::new(total.iter().map(observations).collect());
    let added = Counted::new(some.added.iter().map(observations).collect());
    (all == added).then(|| (Counted::new(some.subtracted), which.other()))
}

/// The counter of all observations of a histogram, which is its last bucket as well.
fn observations(selector: &Selector) -> Selector {
    let count = || {
        let base = selector.metric()?.strip_suffix("_bucket")?;
        let last = boundary(selector)? == f64::INFINITY;
        last.then(|| selector.without("le").with_metric(&format!("{base}_count")))
    };
    count().unwrap_or_else(|| selector.clone())
}

/// Buckets up to a boundary, of all observations of the same histograms, where that is what those told apart and the total are.
pub fn latency(total: &Counted, some: &Counted, which: Which) -> Option<Indicator> {
    if which == Which::Bad {
        return None;
    }
    let first = some.0.first()?;
    let threshold = boundary(first).filter(|le| le.is_finite())?;
    let mut buckets = Vec::new();
    let mut counts = Vec::new();
    for selector in &some.0 {
        let base = selector.metric()?.strip_suffix("_bucket")?;
        if boundary(selector)? != threshold {
            return None;
        }
        let series = selector.without("le");
        counts.push(series.with_metric(&format!("{base}_count")));
        buckets.push(series);
    }
    let all = Counted::new(total.0.iter().map(observations).collect());
    (all == Counted::new(counts)).then(|| Indicator::Latency {
        buckets: Counted::new(buckets),
        threshold,
    })
}

/// The only boundary whose buckets are selected, however it is written: `le="1"`, `le=~"1|1.0"`, `le=~"1(\\.0)?"`.
fn boundary(selector: &Selector) -> Option<f64> {
    let mut matchers = selector.label_matchers().filter(|m| m.name() == "le");
    let (matcher, None) = (matchers.next()?, matchers.next()) else {
        return None;
    };
    let optional = |matcher: &Matcher| {
        let text = matcher.value().strip_suffix(r"(\.0)?");
        let is_regex = matcher.op() == MatchOp::Regex;
        text.filter(|_| is_regex)?.parse().ok()
    };
    let alike = |texts: Vec<&str>| {
        let mut numbers = texts.into_iter().map(|text| text.parse::<f64>().ok());
        let first = numbers.next()??;
        numbers.all(|number| number == Some(first)).then_some(first)
    };
    let escaped = matcher.value().replace(r"\.", ".");
    let found = match matcher.op() {
        MatchOp::Equal => alike(vec![matcher.value()]),
        MatchOp::Regex => optional(matcher).or_else(|| alike(escaped.split('|').collect())),
        MatchOp::NotEqual | MatchOp::NotRegex => None,
    };
    found.filter(|le: &f64| !le.is_nan())
}

#[cfg(test)]
mod tests;
