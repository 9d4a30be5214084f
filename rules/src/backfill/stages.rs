//! The order in which recording rules are evaluated over the past: what a rule reads is recorded before.

use std::collections::BTreeSet;

use narthex_model::{Error, Result};

use crate::file::GroupSpec;
use crate::reads::Reads;

/// A rule: the position of its group, and its own in the group.
pub type RuleAt = (usize, usize);

/// Recording rules in stages: none reads what another one of its stage records, all may read what stages before it record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stages {
    /// The stages, rules in the order of the files.
    pub stages: Vec<Vec<RuleAt>>,
    /// What a person should know about the order: a sentence each.
    pub notes: Vec<String>,
}

/// What all rules that record one metric have in common.
struct Metric<'a> {
    name: &'a str,
    rules: Vec<RuleAt>,
    /// Positions of the metrics that one of its rules reads.
    reads: BTreeSet<usize>,
    may_read: BTreeSet<usize>,
}

/// Puts the recording rules of `groups` into stages; alerts are left out.
///
/// # Errors
/// `Invalid` if rules read each other's results, or their own: a span of time cannot be evaluated at once then.
pub fn stages(groups: &[GroupSpec]) -> Result<Stages> {
    let metrics = metrics(groups);
    let mut out = Stages {
        notes: early_readers(groups),
        ..Stages::default()
    };
    let mut left: BTreeSet<usize> = (0..metrics.len()).collect();
    while !left.is_empty() {
        let waits = |on: &BTreeSet<usize>| !on.is_disjoint(&left);
        let of = |at: &usize| metrics.get(*at);
        let is_free = |at: &&usize| of(at).is_none_or(|m| !waits(&m.reads) && !waits(&m.may_read));
        let mut next: Vec<usize> = left.iter().filter(is_free).copied().collect();
        if next.is_empty() {
            // A selector without a name may well mean something else: it does not hold up what is named.
            next = left
                .iter()
                .filter(|at| of(at).is_none_or(|m| !waits(&m.reads)))
                .copied()
                .take(1)
                .collect();
            let names = next.iter().filter_map(of).map(|m| m.name);
            out.notes.extend(names.map(blind));
        }
        if next.is_empty() {
            let names: Vec<_> = left.iter().filter_map(of).map(|m| m.name).collect();
            return Err(circle(&names));
        }
        let mut rules: Vec<_> = next
            .iter()
            .filter_map(of)
            .flat_map(|m| m.rules.clone())
            .collect();
        rules.sort_unstable();
        out.stages.push(rules);
        next.iter().for_each(|at| {
            left.remove(at);
        });
    }
    Ok(out)
}

fn metrics(groups: &[GroupSpec]) -> Vec<Metric<'_>> {
    let mut metrics: Vec<Metric<'_>> = Vec::new();
    for (at, rule) in recording(groups) {
        match metrics.iter_mut().find(|m| m.name == rule.name) {
            Some(metric) => metric.rules.push(at),
            None => metrics.push(Metric {
                name: &rule.name,
                rules: vec![at],
                reads: BTreeSet::new(),
                may_read: BTreeSet::new(),
            }),
        }
    }
    let names: Vec<_> = metrics.iter().map(|m| m.name).collect();
    for metric in &mut metrics {
        for (group, rule) in &metric.rules {
            let rule = groups.get(*group).and_then(|g| g.rules.get(*rule));
            for (at, name) in names.iter().enumerate() {
                match rule.map_or(Reads::No, |rule| rule.reads(name)) {
                    Reads::Named => metric.reads.insert(at),
                    Reads::Maybe => metric.may_read.insert(at),
                    Reads::No => false,
                };
            }
        }
    }
    metrics
}

fn recording(groups: &[GroupSpec]) -> impl Iterator<Item = (RuleAt, &crate::file::RuleSpec)> {
    let numbered = groups.iter().enumerate().flat_map(|(g, group)| {
        let rules = group.rules.iter().enumerate();
        rules.map(move |(r, rule)| ((g, r), rule))
    });
    numbered.filter(|(_, rule)| rule.alert().is_none())
}

/// Rules that stand before the one of their group that records what they read.
fn early_readers(groups: &[GroupSpec]) -> Vec<String> {
    let mut notes = Vec::new();
    for ((group, at), rule) in recording(groups) {
        let later = groups
            .get(group)
            .into_iter()
            .flat_map(|g| g.rules.iter().skip(at + 1));
        let later = later.filter(|r| r.alert().is_none() && rule.reads(&r.name) == Reads::Named);
        notes.extend(later.take(1).map(|later| {
            format!(
                "{} reads {}, which its group records after it: a server gives it the value of one interval before, here it is that of the same time",
                rule.name, later.name
            )
        }));
    }
    notes
}

fn blind(name: &str) -> String {
    format!(
        "{name} selects without naming a metric: what is being recorded now is not, or only in part, among what it finds"
    )
}

fn circle(names: &[&str]) -> Error {
    let message = match names {
        [name] => format!("the rule {name} reads what it records itself"),
        names => format!(
            "among the rules {}, some read each other's results in a circle",
            names.join(", ")
        ),
    };
    Error::invalid(format!(
        "{message}: over the past only rules without that can be evaluated"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{LoadOptions, parse};

    fn staged(rules: &[&[(&str, &str)]]) -> Result<Stages> {
        let mut text = "groups:\n".to_owned();
        for (at, group) in rules.iter().enumerate() {
            text += &format!("- name: g{at}\n  rules:\n");
            for (name, expr) in *group {
                text += &format!("  - {{record: {name}, expr: '{expr}'}}\n");
            }
            text += "  - {alert: A, expr: a}\n";
        }
        stages(&parse(&text, "f", &LoadOptions::default()).expect("valid"))
    }

    #[test]
    fn what_is_read_comes_first() {
        let chain = staged(&[
            &[("c", "b + x"), ("a", "x")],
            &[("b", "sum(a)"), ("a", "y"), ("d", "x")],
        ]);
        let chain = chain.expect("an order");
        let expected = [vec![(0, 1), (1, 1), (1, 2)], vec![(1, 0)], vec![(0, 0)]];
        assert_eq!(chain.stages, expected);
        assert_eq!(chain.notes.len(), 1, "{:?}", chain.notes);
        assert!(chain.notes[0].starts_with("b reads a, which its group records after it"));
        assert_eq!(staged(&[]).expect("nothing"), Stages::default());
    }

    #[test]
    fn selectors_without_names_come_late_but_are_no_circle() {
        let found = staged(&[&[("all", "count({job=\"x\"})"), ("a", "x"), ("b", "a")]]);
        let found = found.expect("an order");
        assert_eq!(found.stages, [vec![(0, 1)], vec![(0, 2)], vec![(0, 0)]]);
        assert!(
            found.notes[0].starts_with("all selects without naming"),
            "{:?}",
            found.notes
        );
    }

    #[test]
    fn circles_are_refused() {
        let text = |rules: &[(&str, &str)]| staged(&[rules]).expect_err("a circle").to_string();
        let own = text(&[("x", "y"), ("a", "x or a offset 1m")]);
        assert!(
            own.starts_with("the rule a reads what it records itself"),
            "{own}"
        );
        let both = text(&[("a", "b"), ("b", "a + x"), ("d", "x")]);
        assert!(
            both.starts_with("among the rules a, b, some read"),
            "{both}"
        );
    }
}
