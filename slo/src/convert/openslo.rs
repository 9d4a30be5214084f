//! OpenSLO v1: a document per SLO, everything inside.

mod composite;
mod indicator;

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::{common_losses, policies, text};
use crate::lost::{Losses, Lost};
use crate::spec::{
    Budgeting, BurnTier, Calendar, CalendarUnit, Comparison, Indicator, Policy, Rolling, Slo,
    Trigger, Weekday, Window,
};
use crate::yaml::{map, number, texts};

pub(super) fn documents(slos: &[Slo], lost: &mut Vec<Lost>) -> Vec<Value> {
    let by_id: BTreeMap<&str, &Slo> = slos.iter().map(|slo| (slo.id.as_str(), slo)).collect();
    let documents = slos.iter().map(|slo| {
        let mut losses = Losses::new(&slo.id, lost);
        document(slo, &by_id, &mut losses)
    });
    documents.collect()
}

fn document(slo: &Slo, by_id: &BTreeMap<&str, &Slo>, losses: &mut Losses<'_>) -> Value {
    common_losses(slo, losses);
    losses.say_if(slo.slice_ms != 60_000, "slice", "not kept");
    losses.say_if(
        slo.service.is_empty(),
        "service",
        "OpenSLO needs one: default",
    );
    losses.say_if(slo.name != slo.id, "name", "kept as displayName");
    let service = if slo.service.is_empty() {
        "default"
    } else {
        &slo.service
    };
    let budgeting = slo.objective.budgeting;
    let objectives = match slo.is_composite() {
        true => composite::objectives(slo, by_id, losses),
        false => vec![objective(slo, budgeting)],
    };
    let policies = alert_policies(slo, losses);
    let metadata = map([
        ("name", Some(slo.id.as_str().into())),
        (
            "displayName",
            (slo.name != slo.id).then(|| slo.name.as_str().into()),
        ),
        ("labels", texts(&slo.labels)),
    ]);
    let spec = map([
        ("description", text(&slo.description)),
        ("service", Some(service.into())),
        ("indicator", indicator::indicator(slo, losses)),
        (
            "timeWindow",
            slo.windows
                .first()
                .map(|window| Value::Sequence(vec![time_window(window, losses)])),
        ),
        ("budgetingMethod", Some(method(budgeting).into())),
        ("objectives", Some(Value::Sequence(objectives))),
        (
            "alertPolicies",
            (!policies.is_empty()).then_some(Value::Sequence(policies)),
        ),
    ]);
    resource("SLO", metadata, spec)
}

fn resource(kind: &'static str, metadata: Value, spec: Value) -> Value {
    map([
        ("apiVersion", Some("openslo/v1".into())),
        ("kind", Some(kind.into())),
        ("metadata", Some(metadata)),
        ("spec", Some(spec)),
    ])
}

fn method(budgeting: Budgeting) -> &'static str {
    match budgeting {
        Budgeting::Occurrences => "Occurrences",
        Budgeting::Timeslices { .. } => "Timeslices",
        Budgeting::RatioTimeslices { .. } => "RatioTimeslices",
    }
}

/// The objective of an SLO, by a method that need not be its own.
fn objective(slo: &Slo, budgeting: Budgeting) -> Value {
    let minutes = |ms: i64| match ms % 60_000 {
        0 => format!("{}m", ms / 60_000).into(),
        // OpenSLO's durations end with minutes, its plain numbers are minutes as well.
        _ => number(ms as f64 / 60_000.0),
    };
    let good_from = match budgeting {
        Budgeting::Timeslices { good_from, .. } => Some(number(good_from)),
        Budgeting::Occurrences | Budgeting::RatioTimeslices { .. } => None,
    };
    let (op, value) = threshold(&slo.indicator).unzip();
    map([
        ("op", op),
        ("value", value),
        ("target", Some(number(slo.objective.target))),
        ("timeSliceTarget", good_from),
        ("timeSliceWindow", budgeting.stretch_ms().map(minutes)),
    ])
}

/// How a gauge is good.
fn threshold(indicator: &Indicator) -> Option<(Value, Value)> {
    let Indicator::Gauge {
        comparison, value, ..
    } = indicator
    else {
        return None;
    };
    let op = match comparison {
        Comparison::Less => "lt",
        Comparison::LessOrEqual => "lte",
        Comparison::Greater => "gt",
        // Of equality nothing nearer can be said.
        Comparison::GreaterOrEqual | Comparison::Equal => "gte",
    };
    Some((op.into(), number(*value)))
}

fn time_window(window: &Window, losses: &mut Losses<'_>) -> Value {
    match window {
        Window::Rolling(rolling) => map([
            ("duration", Some(rolling_duration(*rolling, losses))),
            ("isRolling", Some(true.into())),
        ]),
        Window::Calendar(period) => map([
            ("duration", Some(unit(period.unit).into())),
            ("calendar", Some(calendar(period))),
            ("isRolling", Some(false.into())),
        ]),
    }
}

/// In the largest of days, hours and minutes that gives a whole number.
fn rolling_duration(rolling: Rolling, losses: &mut Losses<'_>) -> Value {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)];
    let found = units
        .into_iter()
        .find(|(_, unit_ms)| rolling.ms % unit_ms == 0);
    let (name, count) = match found {
        Some((name, unit_ms)) => (name, rolling.ms / unit_ms),
        None => {
            losses.say("windows", "OpenSLO has no seconds: rounded up to a minute");
            ("m", rolling.ms / 60_000 + 1)
        }
    };
    format!("{count}{name}").into()
}

fn unit(unit: CalendarUnit) -> &'static str {
    match unit {
        CalendarUnit::Day => "1d",
        CalendarUnit::Week => "1w",
        CalendarUnit::Month => "1M",
        CalendarUnit::Quarter => "1Q",
        CalendarUnit::Year => "1Y",
    }
}

/// A first period: it says what weeks and years begin with.
fn calendar(period: &Calendar) -> Value {
    let (month, day) = match period.unit {
        // The first Monday of 2024 is its first day.
        CalendarUnit::Week => (1, day_of(period.week_start)),
        _ => (period.first_month, 1),
    };
    map([
        (
            "startTime",
            Some(format!("2024-{month:02}-{day:02} 00:00:00").into()),
        ),
        ("timeZone", Some(period.zone.as_str().into())),
    ])
}

fn day_of(weekday: Weekday) -> i8 {
    match weekday {
        Weekday::Monday => 1,
        Weekday::Tuesday => 2,
        Weekday::Wednesday => 3,
        Weekday::Thursday => 4,
        Weekday::Friday => 5,
        Weekday::Saturday => 6,
        Weekday::Sunday => 7,
    }
}

fn alert_policies(slo: &Slo, losses: &mut Losses<'_>) -> Vec<Value> {
    let mut written = Vec::new();
    for policy in &slo.policies {
        let Trigger::Burn {
            tiers,
            scaled_from_ms,
            ..
        } = &policy.trigger
        else {
            losses.policy_if(true, policy, "OpenSLO knows burn rates only");
            continue;
        };
        policy_losses(policy, tiers, losses);
        for (at, tier) in tiers.iter().enumerate() {
            let name = match tiers.len() {
                1 => policy.name.clone(),
                _ => format!("{}-{}", policy.name, at + 1),
            };
            let window_ms = slo.window_ms();
            let factor = tier.factor_at(window_ms, *scaled_from_ms);
            written.push(alert_policy(policy, &name, factor, tier.long_ms));
        }
    }
    written
}

fn policy_losses(policy: &Policy, tiers: &[BurnTier], losses: &mut Losses<'_>) {
    losses.policy_if(tiers.len() > 1, policy, "a policy for each tier");
    let has_short = tiers.iter().any(|tier| tier.short_ms != tier.long_ms);
    losses.policy_if(has_short, policy, "only the long windows are kept");
    policies::losses(policy, losses);
    let has_texts = !policy.labels.is_empty() || !policy.annotations.is_empty();
    losses.policy_if(has_texts, policy, "labels and annotations are not kept");
    let is_named = policy.alert != crate::policies::ALERT;
    losses.policy_if(is_named, policy, "the alert's name is not kept");
}

fn alert_policy(policy: &Policy, name: &str, factor: f64, lookback_ms: i64) -> Value {
    let minutes = |ms: i64| Some(format!("{}m", (ms + 59_999) / 60_000).into());
    let condition = map([
        ("kind", Some("burnrate".into())),
        ("op", Some("gt".into())),
        ("threshold", Some(number(factor))),
        ("lookbackWindow", minutes(lookback_ms)),
        ("alertAfter", minutes(policy.for_ms)),
    ]);
    let condition = map([
        ("kind", Some("AlertCondition".into())),
        ("metadata", Some(map([("name", Some(name.into()))]))),
        (
            "spec",
            Some(map([
                ("severity", Some(policy.severity.as_str().into())),
                ("condition", Some(condition)),
            ])),
        ),
    ]);
    map([
        ("kind", Some("AlertPolicy".into())),
        ("metadata", Some(map([("name", Some(name.into()))]))),
        (
            "spec",
            Some(map([
                ("description", text(&policy.consequence)),
                ("alertWhenBreaching", Some(true.into())),
                ("conditions", Some(Value::Sequence(vec![condition]))),
            ])),
        ),
    ])
}
