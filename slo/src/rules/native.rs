//! Rules under names of our own. Events are recorded, not only their ratio, so that the number over the window weighs busy times as
//! much as they count.

use std::collections::BTreeMap;

use narthex_syntax::Quoted;

use super::Groups;
use super::file::{Group, Rule};
use super::policy::{Tier, alert, min_bad, tiers, window_name, windows};
use super::promql::{self, Measured, measured};
use crate::lost::Losses;
use crate::spec::{Policy, Slo, Trigger, complement};
use crate::time::{HOUR_MS, MINUTE_MS};

/// Two groups: what is recorded, and alerts.
pub(super) fn groups(slo: &Slo, losses: &mut Losses<'_>) -> Groups {
    promql::losses(slo, losses);
    let names = Names::of(slo);
    let Some(mut rules) = events(slo, &names) else {
        return Vec::new();
    };
    rules.extend(results(slo, &names));
    let group = |name: String, rules| Group {
        name,
        interval_ms: None,
        rules,
    };
    let mut groups = vec![group(format!("slo-{}", slo.id), rules)];
    let alerts = slo
        .policies
        .iter()
        .map(|policy| alert_of(slo, policy, &names, losses));
    let alerts: Vec<_> = alerts.collect();
    if !alerts.is_empty() {
        groups.push(group(format!("slo-{}-alerts", slo.id), alerts));
    }
    groups
}

struct Names {
    labels: BTreeMap<String, String>,
    selector: String,
    has_events: bool,
}

impl Names {
    fn of(slo: &Slo) -> Self {
        let mut labels = slo.labels.clone();
        labels.insert("slo".to_owned(), slo.id.clone());
        if !slo.service.is_empty() {
            labels.insert("service".to_owned(), slo.service.clone());
        }
        Self {
            labels,
            selector: format!("{{slo={}}}", Quoted(&slo.id)),
            has_events: matches!(measured(slo, "5m"), Some(Measured::Events { .. })),
        }
    }

    fn series(&self, metric: &str) -> String {
        format!("{metric}{}", self.selector)
    }
}

/// Bad and all events per second over 5 minutes; a counter that was never seen counted nothing.
fn events(slo: &Slo, names: &Names) -> Option<Vec<Rule>> {
    let rule = |name: &str, expr: String| Rule::record(name, expr, &names.labels);
    Some(match measured(slo, "5m")? {
        Measured::Events { bad, total, rates } => {
            let errors = format!("({bad})\nor\n0 * ({total})");
            let [total, errors] = match rates {
                true => [total, errors],
                // What the 5 minutes have, by their seconds.
                false => [total, errors].map(|events| format!("({events}) / 300")),
            };
            vec![
                rule("slo:events:rate5m", total),
                rule("slo:errors:rate5m", errors),
            ]
        }
        Measured::Ratio(ratio) => vec![rule("slo:error_ratio:rate5m", ratio)],
    })
}

/// The fraction of errors over a window, of what is recorded: of events, those of all 5 minutes added.
fn ratio(names: &Names, window: &str) -> String {
    if !names.has_events {
        return format!(
            "avg_over_time({}[{window}])",
            names.series("slo:error_ratio:rate5m")
        );
    }
    let sum = |metric: &str| format!("sum_over_time({}[{window}])", names.series(metric));
    format!(
        "{}\n/\n({} > 0)",
        sum("slo:errors:rate5m"),
        sum("slo:events:rate5m")
    )
}

fn results(slo: &Slo, names: &Names) -> Vec<Rule> {
    let target = slo.objective.target;
    let rule = |name: String, expr: String| Rule::record(name, expr, &names.labels);
    let mut rules = Vec::new();
    for ms in windows(slo, &[5 * MINUTE_MS, HOUR_MS]) {
        let window = window_name(ms);
        let expr = match ms == 5 * MINUTE_MS && names.has_events {
            true => format!(
                "{}\n/\n({} > 0)",
                names.series("slo:errors:rate5m"),
                names.series("slo:events:rate5m")
            ),
            false => ratio(names, &window),
        };
        // Where only ratios are known, that over 5 minutes is recorded already.
        if ms != 5 * MINUTE_MS || names.has_events {
            rules.push(rule(format!("slo:error_ratio:rate{window}"), expr));
        }
    }
    let period = window_name(slo.window_ms());
    let budget = complement(target);
    let window_ratio = names.series("slo:error_ratio:window");
    rules.push(rule(
        "slo:error_ratio:window".to_owned(),
        ratio(names, &period),
    ));
    rules.push(rule(
        "slo:error_budget_remaining:window".to_owned(),
        format!("1 - {window_ratio} / {budget}"),
    ));
    rules.push(rule(
        "slo:objective".to_owned(),
        format!("vector({target})"),
    ));
    rules
}

fn alert_of(slo: &Slo, policy: &Policy, names: &Names, losses: &mut Losses<'_>) -> Rule {
    let remaining = names.series("slo:error_budget_remaining:window");
    let mut hold_ms = policy.for_ms;
    let expr = match (tiers(slo, &policy.trigger), &policy.trigger) {
        (Some(tiers), trigger) => burns(slo, &tiers, min_bad(trigger), names, losses),
        (None, Trigger::Spent(fraction)) => format!("{remaining} < {}", complement(*fraction)),
        (None, Trigger::ExhaustedWithin(ms)) => {
            // What is left of the budget, over what an hour's burning takes of it.
            let budget = complement(slo.objective.target);
            let burn = format!("({} / {budget})", names.series("slo:error_ratio:rate1h"));
            format!(
                "{remaining} * {} / ({burn} > 0) < {}",
                slo.window_ms() / 1000,
                ms / 1000
            )
        }
        (None, Trigger::Coverage { within_ms, .. }) => {
            losses.say(
                "policies",
                format_args!("{}: fires when nothing at all is seen", policy.name),
            );
            hold_ms = hold_ms.max(*within_ms);
            let metric = if names.has_events {
                "slo:events:rate5m"
            } else {
                "slo:error_ratio:rate5m"
            };
            format!("absent({})", names.series(metric))
        }
        (None, Trigger::Burn { .. } | Trigger::Drop { .. }) => String::new(),
    };
    let mut labels = names.labels.clone();
    labels.insert("severity".to_owned(), policy.severity.clone());
    labels.insert("policy".to_owned(), policy.name.clone());
    let mut rule = alert(policy, expr, &labels);
    rule.for_ms = hold_ms;
    let summary = format!("{}: {}", slo.id, what(&policy.trigger));
    rule.annotations
        .entry("summary".to_owned())
        .or_insert(summary);
    rule
}

fn what(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Burn { .. } | Trigger::Drop { .. } => "the error budget burns too fast".to_owned(),
        Trigger::Spent(fraction) => format!(
            "{} % of the error budget are spent",
            crate::spec::to_percent(*fraction)
        ),
        Trigger::ExhaustedWithin(ms) => {
            format!("the error budget is spent within {}", window_name(*ms))
        }
        Trigger::Coverage { .. } => "nothing is measured".to_owned(),
    }
}

fn burns(
    slo: &Slo,
    tiers: &[Tier],
    least: Option<f64>,
    names: &Names,
    losses: &mut Losses<'_>,
) -> String {
    let budget = complement(slo.objective.target);
    let above = |window: &str, factor: f64| {
        format!(
            "{} > {factor} * {budget}",
            names.series(&format!("slo:error_ratio:rate{window}"))
        )
    };
    if least.is_some() && !names.has_events {
        losses.say(
            "policies",
            "min_bad: a ratio does not say how many events were bad",
        );
    }
    let pairs = tiers.iter().map(|tier| {
        let (short, long) = (
            above(&tier.short, tier.factor),
            above(&tier.long, tier.factor),
        );
        let enough = least.filter(|_| names.has_events).map(|least| {
            let errors = names.series("slo:errors:rate5m");
            let (window, seconds) = (&tier.long, tier.long_ms / 1000);
            format!("\n    and\n    avg_over_time({errors}[{window}]) * {seconds} >= {least}")
        });
        format!(
            "(\n    {short}\n    and\n    {long}{}\n)",
            enough.unwrap_or_default()
        )
    });
    pairs.collect::<Vec<_>>().join("\nor\n")
}
