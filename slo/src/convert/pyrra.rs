//! Pyrra's resource: a document per SLO.

mod alerting;

use std::collections::BTreeMap;

use narthex_model::{Matcher, format_duration};
use serde_yaml::Value;

use super::{common_losses, text};
use crate::lost::{Losses, Lost};
use crate::rules::observations;
use crate::spec::{Budgeting, Comparison, Indicator, Selector, Slo, Which, Window, to_percent};
use crate::yaml::{map, texts};
use alerting::Alerts;

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
    let alerts = Alerts::of(slo, window_ms);
    alerts.losses(slo, losses);
    let annotations = alerts.annotations().map(prefixed);
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
        ("alerting", alerts.written()),
    ]);
    Some(map([
        ("apiVersion", Some("pyrra.dev/v1alpha1".into())),
        ("kind", Some("ServiceLevelObjective".into())),
        ("metadata", Some(metadata)),
        ("spec", Some(spec)),
    ]))
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
                (key, Some(metric(some.one()?))),
                ("total", Some(metric(total.one()?))),
                ("grouping", grouping),
            ]);
            Some(map([("ratio", Some(ratio))]))
        }
        Indicator::Latency { buckets, threshold } => {
            let buckets = buckets.one()?;
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
                ("total", Some(metric(histograms.one()?))),
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
                ("metric", Some(gauges.one()?.to_string().into())),
                ("grouping", grouping),
            ]);
            Some(map([("bool_gauge", Some(gauge))]))
        }
        _ => None,
    }
}
