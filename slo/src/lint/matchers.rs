//! Events that are told apart should be part of all events: as far as the matchers tell.

use narthex_model::{MatchOp, Matcher};

use super::Findings;
use crate::spec::{Counted, Indicator, Selector, Slo, Which};

pub(super) fn lint(slo: &Slo, findings: &mut Findings<'_>) {
    if let Indicator::Events { total, some, which } = &slo.indicator {
        subset(total, some, *which, findings);
    }
    groups(slo, findings);
}

fn subset(total: &Counted, some: &Counted, which: Which, findings: &mut Findings<'_>) {
    let what = match which {
        Which::Good => "good",
        Which::Bad => "errors",
    };
    for selector in &some.0 {
        if total.0.contains(selector) {
            let message =
                format!("{what}: {selector} is a part of total as a whole, told apart by nothing");
            findings.say("subset-is-total", message);
            continue;
        }
        let alike: Vec<_> = total
            .0
            .iter()
            .filter(|all| all.metric() == selector.metric())
            .collect();
        let differs = alike.iter().filter_map(|all| missing(selector, all)).next();
        let within = alike.iter().any(|all| missing(selector, all).is_none());
        if let Some(matcher) = differs.filter(|_| !within) {
            findings.say(
                "subset-of-total",
                format_args!("{what}: {selector} may count what total does not: total has {matcher}, expected it here as well"),
            );
        }
    }
}

/// The first matcher of `all` that `selector` does not imply.
fn missing<'s>(selector: &Selector, all: &'s Selector) -> Option<&'s Matcher> {
    all.label_matchers()
        .find(|wanted| !implies(selector, wanted))
}

/// Whether every series of a selector is accepted by a matcher.
fn implies(selector: &Selector, wanted: &Matcher) -> bool {
    let own: Vec<_> = selector
        .label_matchers()
        .filter(|m| m.name() == wanted.name())
        .collect();
    if own.contains(&wanted) {
        return true;
    }
    if own.is_empty() {
        return wanted.op() == MatchOp::Regex && wanted.value() == ".*";
    }
    own.iter().any(|matcher| match matcher.literals() {
        Some(values) => values.iter().all(|value| wanted.accepts(value)),
        // What a regular expression without literals accepts is not known here: in doubt nothing is said.
        None => matcher.op() == MatchOp::Regex,
    })
}

/// Groups by a label that has but one value.
fn groups(slo: &Slo, findings: &mut Findings<'_>) {
    let (Indicator::Events { total: all, .. }
    | Indicator::Latency { buckets: all, .. }
    | Indicator::NativeLatency {
        histograms: all, ..
    }
    | Indicator::Gauge { gauges: all, .. }) = &slo.indicator
    else {
        return;
    };
    for label in &slo.group_by {
        let is_fixed = |selector: &Selector| {
            selector
                .label_matchers()
                .any(|m| m.name() == label && m.op() == MatchOp::Equal)
        };
        if all.0.iter().all(is_fixed) {
            findings.say(
                "group-of-one",
                format_args!("group_by: {label} has one value only, the matchers say which"),
            );
        }
        if label == "le" {
            findings.say(
                "group-by-le",
                "group_by: le tells buckets apart, not groups",
            );
        }
    }
}
