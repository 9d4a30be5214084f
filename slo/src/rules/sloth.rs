//! Rules under Sloth's names.

use std::collections::BTreeMap;

use narthex_syntax::Quoted;

use super::file::{Group, Rule};
use super::policy::{Tier, alert, min_bad, shares_names, tiers, window_name, windows};
use super::{Groups, promql};
use crate::lost::Losses;
use crate::spec::{Policy, Slo, Trigger, complement, to_percent};
use crate::time::{HOUR_MS, MINUTE_MS};

/// The windows that Sloth's dashboards show.
const WINDOWS: [i64; 7] = [
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    6 * HOUR_MS,
    24 * HOUR_MS,
    72 * HOUR_MS,
];

/// Three groups: ratios, what follows from them, alerts.
pub(super) fn groups(slo: &Slo, losses: &mut Losses<'_>) -> Groups {
    promql::losses(slo, losses);
    let names = Names::of(slo);
    let mut groups = vec![
        group("sli-recordings", slo, ratios(slo, &names)),
        group("meta-recordings", slo, meta(slo, &names)),
    ];
    let alerts: Vec<_> = slo
        .policies
        .iter()
        .filter_map(|policy| alert_of(slo, policy, &names, losses))
        .collect();
    if !alerts.is_empty() {
        groups.push(group("alerts", slo, alerts));
    }
    groups
}

fn group(what: &str, slo: &Slo, rules: Vec<Rule>) -> Group {
    Group {
        name: format!("sloth-slo-{what}-{}", slo.id),
        interval_ms: None,
        rules,
    }
}

/// What tells the series of an SLO from others.
struct Names {
    labels: BTreeMap<String, String>,
    selector: String,
    period: String,
}

impl Names {
    fn of(slo: &Slo) -> Self {
        let own = [
            ("sloth_id", slo.id.as_str()),
            ("sloth_service", &slo.service),
            ("sloth_slo", &slo.name),
        ];
        let mut labels = slo.labels.clone();
        labels.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let matchers = own.map(|(name, value)| format!("{name}={}", Quoted(value)));
        Self {
            labels,
            selector: format!("{{{}}}", matchers.join(", ")),
            period: window_name(slo.window_ms()),
        }
    }

    fn ratio(&self, window: &str) -> String {
        format!("slo:sli_error:ratio_rate{window}{}", self.selector)
    }
}

fn ratios(slo: &Slo, names: &Names) -> Vec<Rule> {
    let recorded = windows(slo, &WINDOWS);
    let mut rules: Vec<_> = recorded
        .into_iter()
        .filter_map(|ms| {
            let window = window_name(ms);
            let mut labels = names.labels.clone();
            labels.insert("sloth_window".to_owned(), window.clone());
            let expr = promql::ratio(slo, &window)?;
            Some(Rule::record(
                format!("slo:sli_error:ratio_rate{window}"),
                expr,
                &labels,
            ))
        })
        .collect();
    let (short, period) = (names.ratio("5m"), &names.period);
    let mean = format!(
        "sum_over_time({short}[{period}])\n/ ignoring (sloth_window)\ncount_over_time({short}[{period}])"
    );
    let mut labels = names.labels.clone();
    labels.insert("sloth_window".to_owned(), period.clone());
    if !windows(slo, &WINDOWS).contains(&slo.window_ms()) {
        rules.push(Rule::record(
            format!("slo:sli_error:ratio_rate{period}"),
            mean,
            &labels,
        ));
    }
    rules
}

fn meta(slo: &Slo, names: &Names) -> Vec<Rule> {
    let target = slo.objective.target;
    let selector = &names.selector;
    let burn = |window: &str| {
        format!(
            "{}\n/ on (sloth_id, sloth_slo, sloth_service) group_left ()\nslo:error_budget:ratio{selector}",
            names.ratio(window)
        )
    };
    let mut info = names.labels.clone();
    for (name, value) in [
        ("sloth_mode", "narthex".to_owned()),
        ("sloth_spec", "prometheus/v1".to_owned()),
        ("sloth_version", env!("CARGO_PKG_VERSION").to_owned()),
        ("sloth_objective", to_percent(target).to_string()),
    ] {
        info.insert(name.to_owned(), value);
    }
    let days = slo.window_ms() as f64 / 86_400_000.0;
    let rule = |name: &str, expr: String| Rule::record(name, expr, &names.labels);
    vec![
        rule("slo:objective:ratio", format!("vector({target})")),
        rule(
            "slo:error_budget:ratio",
            format!("vector({})", complement(target)),
        ),
        rule("slo:time_period:days", format!("vector({days})")),
        rule("slo:current_burn_rate:ratio", burn("5m")),
        rule("slo:period_burn_rate:ratio", burn(&names.period)),
        rule(
            "slo:period_error_budget_remaining:ratio",
            format!("1 - slo:period_burn_rate:ratio{selector}"),
        ),
        Rule::record("sloth_slo_info", "vector(1)", &info),
    ]
}

fn alert_of(slo: &Slo, policy: &Policy, names: &Names, losses: &mut Losses<'_>) -> Option<Rule> {
    let expr = match (tiers(slo, &policy.trigger), &policy.trigger) {
        (Some(tiers), _) => burns(slo, &tiers, names),
        (None, Trigger::Spent(fraction)) => format!(
            "slo:period_error_budget_remaining:ratio{} < {}",
            names.selector,
            complement(*fraction)
        ),
        (None, _) => {
            losses.say(
                "policies",
                format_args!("{}: Sloth has no rule for it", policy.name),
            );
            return None;
        }
    };
    if let Some(least) = min_bad(&policy.trigger) {
        losses.say(
            "policies",
            format_args!("{}: fires below {least} bad events as well", policy.name),
        );
    }
    // The series have these labels as well; that they stand here tells alerts of one name apart.
    let mut labels = names.labels.clone();
    labels.insert("sloth_severity".to_owned(), policy.severity.clone());
    if shares_names(slo, policy) {
        labels.insert("policy".to_owned(), policy.name.clone());
    }
    let mut rule = alert(policy, expr, &labels);
    let title = format!(
        "({}) {{{{$labels.sloth_service}}}} {{{{$labels.sloth_slo}}}}: the error budget burns too fast",
        policy.severity
    );
    rule.annotations.entry("title".to_owned()).or_insert(title);
    Some(rule)
}

fn burns(slo: &Slo, tiers: &[Tier], names: &Names) -> String {
    let budget = complement(slo.objective.target);
    let above = |window: &str, factor: f64| {
        format!(
            "max without (sloth_window) ({} > ({factor} * {budget}))",
            names.ratio(window)
        )
    };
    let pairs = tiers.iter().map(|tier| {
        let (short, long) = (
            above(&tier.short, tier.factor),
            above(&tier.long, tier.factor),
        );
        format!("(\n    {short}\n    and\n    {long}\n)")
    });
    pairs.collect::<Vec<_>>().join("\nor\n")
}
