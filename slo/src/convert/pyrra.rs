//! Pyrra's resource: a document per SLO.

use std::collections::BTreeMap;

use narthex_model::{Matcher, format_duration};
use serde_yaml::Value;

use super::policies::{find, has_least};
use super::{common_losses, text};
use crate::lost::{Losses, Lost};
use crate::policies::{ALERT, pyrra, pyrra_absent_ms};
use crate::rules::observations;
use crate::spec::{
    Budgeting, Comparison, Counted, Indicator, Policy, Selector, Slo, Trigger, Which, Window,
    to_percent,
};
use crate::yaml::{map, texts};

pub(super) fn documents(slos: &[Slo], lost: &mut Vec<Lost>) -> Vec<Value> {
    let documents = slos.iter().filter_map(|slo| {
        let mut losses = Losses::new(&slo.id, lost);
        document(slo, &mut losses)
    });
    documents.collect()
}

fn document(slo: &Slo, losses: &mut Losses<'_>) -> Option<Value> {
    let Some(indicator) = indicator(slo, losses) else {
        losses.say(
            "indicator",
            "Pyrra knows ratios, latencies and gauges of one metric each: left out",
        );
        return None;
    };
    common_losses(slo, losses);
    if let Some(Window::Calendar(_)) = slo.windows.first() {
        losses.say(
            "windows",
            "Pyrra has no calendar: a rolling window of the same length",
        );
    }
    let by_time = slo.objective.budgeting != Budgeting::Occurrences;
    losses.say_if(by_time, "objective.budgeting", "Pyrra counts events");
    losses.say_if(slo.slice_ms != 60_000, "slice", "not kept");
    losses.say_if(
        slo.id != slo.name,
        "name",
        "not kept: resources have the id",
    );
    let window_ms = slo.window_ms();
    let prefixed = |texts: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let pairs = texts
            .iter()
            .map(|(name, text)| (format!("pyrra.dev/{name}"), text.clone()));
        pairs.collect()
    };
    let annotations = slo
        .policies
        .first()
        .map(|policy| prefixed(&policy.annotations));
    let metadata = map([
        ("name", Some(slo.id.as_str().into())),
        ("namespace", text(&slo.service)),
        ("labels", texts(&prefixed(&slo.labels))),
        (
            "annotations",
            annotations.and_then(|annotations| texts(&annotations)),
        ),
    ]);
    let spec = map([
        (
            "target",
            Some(to_percent(slo.objective.target).to_string().into()),
        ),
        ("window", Some(format_duration(window_ms).into())),
        ("description", text(&slo.description)),
        ("indicator", Some(indicator)),
        ("alerting", alerting(slo, window_ms, losses)),
    ]);
    Some(map([
        ("apiVersion", Some("pyrra.dev/v1alpha1".into())),
        ("kind", Some("ServiceLevelObjective".into())),
        ("metadata", Some(metadata)),
        ("spec", Some(spec)),
    ]))
}

fn one(counted: &Counted) -> Option<&Selector> {
    match counted.0.as_slice() {
        [one] if one.metric().is_some() => Some(one),
        _ => None,
    }
}

fn metric(selector: &Selector) -> Value {
    map([("metric", Some(selector.to_string().into()))])
}

fn indicator(slo: &Slo, losses: &mut Losses<'_>) -> Option<Value> {
    let labels: Vec<Value> = slo
        .group_by
        .iter()
        .map(|label| label.as_str().into())
        .collect();
    let grouping = (!labels.is_empty()).then_some(Value::Sequence(labels));
    match &slo.indicator {
        Indicator::Events { total, some, which } => {
            let key = match which {
                Which::Bad => "errors",
                Which::Good => "success",
            };
            let is_good = *which == Which::Good;
            losses.say_if(
                is_good,
                "indicator.good",
                "success is known to Pyrra since 2026",
            );
            let ratio = map([
                (key, Some(metric(one(some)?))),
                ("total", Some(metric(one(total)?))),
                ("grouping", grouping),
            ]);
            Some(map([("ratio", Some(ratio))]))
        }
        Indicator::Latency { buckets, threshold } => {
            let buckets = one(buckets)?;
            if !buckets.metric()?.ends_with("_bucket") {
                return None;
            }
            let le = Matcher::equal("le", threshold.to_string());
            losses.say(
                "indicator.latency.threshold",
                format_args!("{threshold} must be a boundary of the buckets"),
            );
            let latency = map([
                ("success", Some(metric(&buckets.with(le)))),
                ("total", Some(metric(&observations(buckets)))),
                ("grouping", grouping),
            ]);
            Some(map([("latency", Some(latency))]))
        }
        Indicator::NativeLatency {
            histograms,
            threshold,
        } => {
            let ms = threshold * 1000.0;
            if ms < 1.0 || (ms - ms.round()).abs() > 1e-6 {
                return None;
            }
            let latency = map([
                ("total", Some(metric(one(histograms)?))),
                ("latency", Some(format_duration(ms.round() as i64).into())),
                ("grouping", grouping),
            ]);
            Some(map([("latencyNative", Some(latency))]))
        }
        Indicator::Gauge {
            gauges,
            comparison: Comparison::Equal,
            value: 1.0,
            by_time,
        } => {
            losses.say_if(
                *by_time,
                "indicator.gauge.weigh",
                "samples are counted, not their time",
            );
            let gauge = map([
                ("metric", Some(one(gauges)?.to_string().into())),
                ("grouping", grouping),
            ]);
            Some(map([("bool_gauge", Some(gauge))]))
        }
        _ => None,
    }
}

/// Pyrra's alerts as far as the policies are those.
fn alerting(slo: &Slo, window_ms: i64, losses: &mut Losses<'_>) -> Option<Value> {
    let usual = pyrra(window_ms);
    let found = usual
        .each_ref()
        .map(|usual| find(&slo.policies, usual).filter(|policy| policy.for_ms == usual.for_ms));
    let absent_ms = pyrra_absent_ms(window_ms, slo.objective.target);
    let absent = slo.policies.iter().find(
        |policy| matches!(policy.trigger, Trigger::Coverage { within_ms, .. } if within_ms == absent_ms),
    );
    let has_all = found.iter().all(Option::is_some);
    for policy in &slo.policies {
        let is_one = |kept: &Option<&Policy>| kept.is_some_and(|kept| kept == policy);
        let is_kept = (has_all && found.iter().any(is_one)) || is_one(&absent);
        if !is_kept {
            losses.say(
                "policies",
                format_args!("{}: Pyrra has no such alert", policy.name),
            );
        } else {
            policy_losses(policy, losses);
        }
    }
    let severity = |policy: Option<&Policy>, usual: &str| {
        let severity = policy.map(|policy| policy.severity.as_str());
        severity
            .filter(|severity| *severity != usual)
            .map(Value::from)
    };
    let [fast, medium, slow, long] = if has_all { found } else { [None; 4] };
    let severities = map([
        ("absent", severity(absent, "critical")),
        ("fastBurn", severity(fast, "critical")),
        ("mediumBurn", severity(medium, "critical")),
        ("slowBurn", severity(slow, "warning")),
        ("longTermBurn", severity(long, "warning")),
    ]);
    let some_severity = severities.as_mapping().is_some_and(|map| !map.is_empty());
    let name = |policy: Option<&Policy>, usual: &str| {
        let name = policy.map(|policy| policy.alert.as_str());
        name.filter(|name| *name != usual).map(Value::from)
    };
    let alerting = map([
        ("burnrates", (!has_all).then(|| false.into())),
        ("absent", absent.is_none().then(|| false.into())),
        ("name", name(fast, ALERT)),
        ("absentName", name(absent, "SLOMetricAbsent")),
        ("severities", some_severity.then_some(severities)),
    ]);
    alerting
        .as_mapping()
        .is_some_and(|map| !map.is_empty())
        .then_some(alerting)
}

fn policy_losses(policy: &Policy, losses: &mut Losses<'_>) {
    let mut say_if = |so: bool, what: &str| {
        if so {
            losses.say("policies", format_args!("{}: {what}", policy.name));
        }
    };
    say_if(has_least(&policy.trigger), "min_bad is not kept");
    say_if(policy.keep_firing_ms > 0, "keep_firing_for is not kept");
    say_if(!policy.consequence.is_empty(), "consequence is not kept");
    say_if(
        !policy.labels.is_empty(),
        "labels are not kept: alerts have those of the SLO",
    );
}
