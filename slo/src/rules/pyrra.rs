//! Rules under Pyrra's names.

mod expr;

use std::collections::{BTreeMap, BTreeSet};

use narthex_model::MatchOp;
use narthex_syntax::Quoted;

use super::file::{Group, Rule};
use super::policy::{alert, min_bad, tiers, window_name, windows};
use super::{Groups, promql};
use crate::lost::Losses;
use crate::policies;
use crate::spec::{Policy, Slo, Trigger, complement};
use crate::time::DAY_MS;
use expr::Shape;

/// Up to three groups: counts over the window, burn rates with their alerts, and what dashboards of all SLOs read.
pub(super) fn groups(slo: &Slo, losses: &mut Losses<'_>) -> Groups {
    let Some(shape) = Shape::of(slo) else {
        losses.say(
            "indicator",
            "Pyrra knows ratios, latencies and gauges of one metric each: no rules",
        );
        return Vec::new();
    };
    promql::losses(slo, losses);
    let labels = labels(slo, &shape);
    let window_ms = slo.window_ms();
    let mut counts = shape.counts(slo, window_ms, &common(slo));
    counts.extend(absent(slo, &shape, &labels));
    let mut burns = burn_rates(slo, &shape, &labels);
    burns.extend(alerts(slo, &shape, &labels, losses));
    let mut groups = vec![
        group(
            &format!("{}-increase", slo.id),
            interval_ms(window_ms),
            counts,
        ),
        group(&slo.id, 30_000, burns),
    ];
    if slo.group_by.is_empty() {
        groups.push(group(
            &format!("{}-generic", slo.id),
            30_000,
            generic(slo, &shape),
        ));
    } else {
        losses.say(
            "group_by",
            "Pyrra has no generic rules by groups: its Grafana dashboards do not show it",
        );
    }
    groups
}

/// The burn rates that Pyrra records of an SLO, which are fractions of errors whatever they are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurnRates {
    /// `METRIC:burnrateWINDOW` is what they are called.
    pub metric: String,
    /// What is in all of their labels.
    pub labels: BTreeMap<String, String>,
    /// Over which windows, in milliseconds.
    pub windows_ms: Vec<i64>,
}

/// The burn rates of an SLO under Pyrra's names; `None` if Pyrra has none for such an indicator.
pub fn pyrra_burn_rates(slo: &Slo) -> Option<BurnRates> {
    let shape = Shape::of(slo)?;
    Some(BurnRates {
        metric: shape.base(),
        labels: labels(slo, &shape),
        windows_ms: recorded(slo),
    })
}

fn group(name: &str, interval_ms: i64, rules: Vec<Rule>) -> Group {
    Group {
        name: name.to_owned(),
        interval_ms: Some(interval_ms),
        rules,
    }
}

/// The longer the window, the slower it changes: half a minute for each week of it and one more, four minutes at most.
fn interval_ms(window_ms: i64) -> i64 {
    let weeks = (window_ms / (7 * DAY_MS)).min(7);
    (weeks + 1) * 30_000
}

/// The labels of all rules.
fn common(slo: &Slo) -> BTreeMap<String, String> {
    let mut labels = slo.labels.clone();
    labels.insert("slo".to_owned(), slo.id.clone());
    labels
}

/// Those, and what the total's matchers demand, but for labels that are grouped by.
fn labels(slo: &Slo, shape: &Shape) -> BTreeMap<String, String> {
    let mut labels = common(slo);
    for matcher in shape.total.label_matchers() {
        if matcher.op() == MatchOp::Equal
            && !slo.group_by.iter().any(|label| label == matcher.name())
        {
            labels.insert(matcher.name().to_owned(), matcher.value().to_owned());
        }
    }
    labels
}

/// The windows of all burn rates; those of Pyrra's own alerts if the SLO has none.
fn recorded(slo: &Slo) -> Vec<i64> {
    let found = windows(slo, &[]);
    if !found.is_empty() {
        return found;
    }
    let usual = policies::pyrra(slo.window_ms())
        .into_iter()
        .flat_map(|policy| match policy.trigger {
            Trigger::Burn { tiers, .. } => tiers,
            _ => Vec::new(),
        });
    let usual: BTreeSet<_> = usual
        .flat_map(|tier| [tier.short_ms, tier.long_ms])
        .collect();
    usual.into_iter().collect()
}

fn burn_rates(slo: &Slo, shape: &Shape, labels: &BTreeMap<String, String>) -> Vec<Rule> {
    let rule = |ms: i64| {
        let window = window_name(ms);
        let name = format!("{}:burnrate{window}", shape.base());
        Rule::record(name, shape.burn_rate(slo, &window), labels)
    };
    recorded(slo).into_iter().map(rule).collect()
}

/// The selector of a burn rate of this SLO.
fn burn_rate(slo: &Slo, shape: &Shape, window: &str) -> String {
    let grouped = |name: &str| slo.group_by.iter().any(|label| label == name);
    let is_label = |op| matches!(op, MatchOp::Equal | MatchOp::NotEqual);
    let matchers = shape
        .total
        .label_matchers()
        .filter(|m| grouped(m.name()) || is_label(m.op()));
    let mut texts: Vec<_> = matchers.map(expr::matcher).collect();
    texts.push(format!("slo={}", Quoted(&slo.id)));
    texts.sort();
    format!("{}:burnrate{window}{{{}}}", shape.base(), texts.join(","))
}

fn alerts(
    slo: &Slo,
    shape: &Shape,
    labels: &BTreeMap<String, String>,
    losses: &mut Losses<'_>,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for policy in &slo.policies {
        if let Some(least) = min_bad(&policy.trigger) {
            losses.say(
                "policies",
                format_args!("{}: fires below {least} bad events as well", policy.name),
            );
        }
        let Some(tiers) = tiers(slo, &policy.trigger) else {
            if !matches!(policy.trigger, Trigger::Coverage { .. }) {
                losses.say(
                    "policies",
                    format_args!("{}: Pyrra has no rule for it", policy.name),
                );
            }
            continue;
        };
        for tier in tiers {
            let budget = complement(slo.objective.target);
            let above = |window: &str| {
                format!(
                    "{} > ({} * {budget})",
                    burn_rate(slo, shape, window),
                    tier.factor
                )
            };
            let expr = format!("{}\nand\n{}", above(&tier.short), above(&tier.long));
            let exhausted_ms = (slo.window_ms() as f64 / tier.factor) as i64 / 1000 * 1000;
            let mut labels = labels.clone();
            labels.extend([
                ("short".to_owned(), tier.short.clone()),
                ("long".to_owned(), tier.long.clone()),
                ("severity".to_owned(), policy.severity.clone()),
                ("exhaustion".to_owned(), window_name(exhausted_ms)),
            ]);
            rules.push(alert(policy, expr, &labels));
        }
    }
    rules
}

/// Alerts on metrics that are absent: one for all with the same labels, since promtool takes more of them for one twice.
fn absent(slo: &Slo, shape: &Shape, labels: &BTreeMap<String, String>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for policy in &slo.policies {
        let Trigger::Coverage { within_ms, .. } = policy.trigger else {
            continue;
        };
        let policy = Policy {
            for_ms: policy.for_ms.max(within_ms),
            ..policy.clone()
        };
        let mut alike: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
        for (series, le) in shape.metrics() {
            let absent = format!("absent({series}) == 1");
            alike.entry(le).or_default().push(absent);
        }
        for (le, absent) in alike {
            let mut labels = labels.clone();
            labels.insert("severity".to_owned(), policy.severity.clone());
            labels.extend(le.map(|le| ("le".to_owned(), le.to_owned())));
            rules.push(alert(&policy, absent.join(" or "), &labels));
        }
    }
    rules
}

fn generic(slo: &Slo, shape: &Shape) -> Vec<Rule> {
    let window_ms = slo.window_ms();
    let labels = common(slo);
    let rule = |name: &str, expr: String| Rule::record(name, expr, &labels);
    let mut rules = vec![
        rule(
            "pyrra_objective",
            format!("vector({})", slo.objective.target),
        ),
        rule("pyrra_window", format!("vector({})", window_ms / 1000)),
        rule("pyrra_availability", shape.availability(slo, window_ms)),
    ];
    if let Some((requests, errors)) = shape.rates() {
        rules.push(rule("pyrra_requests:rate5m", requests));
        rules.push(rule("pyrra_errors:rate5m", errors));
    }
    rules
}
