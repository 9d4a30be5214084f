//! Which rules of a group can be evaluated at once: those that read nothing another one of them writes.

use std::ops::Range;

use super::alerts::{ALERTS, ALERTS_FOR_STATE};
use crate::file::{RuleKind, RuleSpec};
use crate::reads::Reads;

/// Cuts the rules of a group into runs. The rules of a run give the same whether they are evaluated one after the other or side
/// by side.
pub(super) fn waves(rules: &[&RuleSpec]) -> Vec<Range<usize>> {
    let mut waves: Vec<Range<usize>> = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        match waves.last_mut() {
            Some(wave) if !reads_any(rule, rules.get(wave.clone()).unwrap_or_default()) => {
                wave.end = at + 1;
            }
            _ => waves.push(at..at + 1),
        }
    }
    waves
}

fn reads_any(rule: &RuleSpec, written: &[&RuleSpec]) -> bool {
    if asks_queries(rule) {
        return true;
    }
    let mut names = written.iter().flat_map(|rule| written_by(rule));
    names.any(|name| rule.reads(name) != Reads::No)
}

fn written_by(rule: &RuleSpec) -> Vec<&str> {
    match rule.kind {
        RuleKind::Record => vec![&rule.name],
        RuleKind::Alert(_) => vec![ALERTS, ALERTS_FOR_STATE],
    }
}

/// A template may query anything.
fn asks_queries(rule: &RuleSpec) -> bool {
    let asks = |text: &String| text.contains("{{") && text.contains("query");
    let annotations = rule.alert().map(|alert| alert.annotations.values());
    rule.alert().is_some()
        && rule
            .labels
            .values()
            .chain(annotations.into_iter().flatten())
            .any(asks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{LoadOptions, parse};

    #[test]
    fn rules_that_read_what_others_write_wait() {
        let text = r#"
groups:
- name: g
  rules:
  - {record: a, expr: x}
  - {record: b, expr: 'rate(y[5m])'}
  - {record: c, expr: sum(a)}
  - {alert: D, expr: b > 1}
  - {record: e, expr: 'count(ALERTS)'}
  - {record: f, expr: '{job="x"}'}
  - {record: g, expr: '{__name__=~"[xyz]"}'}
  - {alert: H, expr: x, annotations: {a: '{{ query "x" }}'}}
  - {record: i, expr: x}
"#;
        let groups = parse(text, "f", &LoadOptions::default()).expect("valid");
        let rules: Vec<_> = groups[0].rules.iter().collect();
        assert_eq!(waves(&rules), [0..2, 2..4, 4..5, 5..7, 7..9]);
    }
}
