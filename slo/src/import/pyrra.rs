//! Pyrra's resource.

use std::collections::BTreeMap;

use narthex_settings::{Keys, Node as At};
use narthex_syntax::ast::{DurationExpr, Node};
use narthex_syntax::{ParseOptions, parse};

use super::common::{self, Metadata, lost, metadata, percent};
use crate::load::{Doc, Placed, Read};
use crate::policies::{self, policy, pyrra_absent_ms};
use crate::promql::latency;
use crate::spec::{Comparison, Counted, Indicator, Policy, Selector, Slo, Trigger, Which};

/// Metadata that Pyrra gives to rules has this before its name.
const PREFIX: &str = "pyrra.dev/";

/// Reads the documents of Pyrra's format.
pub(crate) fn read(docs: &[Doc<'_>]) -> Vec<Read> {
    let read = docs.iter().filter_map(|doc| {
        let slo = slo(&doc.root)?;
        let place = doc.root.place();
        let placed = Placed { slo, place };
        Some(Read { at: doc.at, placed })
    });
    read.collect()
}

fn slo(root: &At<'_>) -> Option<Slo> {
    let keys = root.keys(&["apiVersion", "kind", "metadata", "spec", "status"])?;
    let metadata = metadata(&keys, &["namespace", "labels", "annotations"]);
    let spec = keys.need("spec")?.keys(&[
        "target",
        "window",
        "description",
        "indicator",
        "alerting",
        "partial_response_strategy",
        "performanceOverAccuracy",
        "ruleOutput",
    ])?;
    let why = "it says how rules are evaluated, and there are none";
    lost(
        &spec,
        &[
            "partial_response_strategy",
            "performanceOverAccuracy",
            "ruleOutput",
        ],
        why,
    );
    let target = spec.need_as("target", "a percentage such as \"99.9\"");
    let target = target.and_then(|node| percent(&node));
    let window = spec.need_as("window", "a duration such as 4w");
    let window = window.and_then(|node| node.duration());
    let indicator = spec.need_as(
        "indicator",
        "one of ratio, latency, latencyNative and bool_gauge",
    );
    let indicator = indicator.and_then(|node| indicator_of(&node));
    let (metadata, target, window_ms) = (metadata?, target?, window?);
    let node = keys.get("metadata")?;
    let id = common::id(&node, &metadata.name)?;
    let mut slo = common::slo(id, &metadata.namespace, &metadata.name, target, window_ms);
    (slo.indicator, slo.group_by) = indicator?;
    slo.description = spec.text_or_empty("description");
    slo.labels = propagated(&metadata.labels);
    for (key, texts) in [
        ("labels", &metadata.labels),
        ("annotations", &metadata.annotations),
    ] {
        if propagated(texts).len() < texts.len() {
            node.note(format_args!(
                "{key}: those without {PREFIX} before them are the resource's, and not kept"
            ));
        }
    }
    slo.policies = alerting(spec.get("alerting").as_ref(), &slo, &metadata)?;
    Some(slo)
}

/// What is given to rules.
fn propagated(texts: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let own = texts.iter().filter_map(|(name, text)| {
        let name = name.strip_prefix(PREFIX)?;
        Some((name.to_owned(), text.clone()))
    });
    own.collect()
}

type Measured = (Indicator, Vec<String>);

fn indicator_of(node: &At<'_>) -> Option<Measured> {
    let kinds = ["ratio", "latency", "latencyNative", "bool_gauge"];
    let keys = node.keys(&kinds)?;
    let kind = keys.exactly_one(&kinds)?;
    let node = keys.get(kind)?;
    let known = match kind {
        "ratio" => ["errors", "success", "total", "grouping"].as_slice(),
        "latency" => &["success", "total", "grouping"],
        "latencyNative" => &["total", "latency", "grouping"],
        _ => &["metric", "total", "grouping"],
    };
    let keys = node.keys(known)?;
    let group_by = match keys.get("grouping") {
        Some(node) => node.list()?.iter().map(At::text).collect::<Option<_>>()?,
        None => Vec::new(),
    };
    let indicator = match kind {
        "ratio" => ratio(&keys),
        "latency" => of_buckets(&keys, &node),
        "latencyNative" => native(&keys),
        _ => gauge(&keys),
    };
    Some((indicator?, group_by))
}

/// The selector of a `metric`.
fn metric(keys: &Keys<'_>, key: &'static str) -> Option<Selector> {
    let keys = keys.need(key)?.keys(&["metric"])?;
    selector(&keys)
}

fn selector(keys: &Keys<'_>) -> Option<Selector> {
    let node = keys.need_as(
        "metric",
        "a selector such as http_requests_total{code=~\"5..\"}",
    )?;
    let text = node.text()?;
    let (plain, offset) = without_offset(&text);
    if offset {
        node.note("offset is not kept: slices are counted again when samples come late");
    }
    match Selector::parse(plain) {
        Ok(selector) if selector.metric().is_some() => Some(selector),
        Ok(_) => node.problem(format_args!(
            "\"{text}\" has no name, expected that of a metric"
        )),
        Err(message) => node.problem(format_args!(
            "\"{text}\": {message}, expected a selector such as http_requests_total{{code=~\"5..\"}}"
        )),
    }
}

/// A selector's text without the offset behind it, which Pyrra allows.
fn without_offset(text: &str) -> (&str, bool) {
    let tree = parse(text, &ParseOptions::all());
    let Ok(Node::Vector(vector)) = tree.map(|expr| expr.node) else {
        return (text, false);
    };
    match vector.modifiers.offset {
        Some(DurationExpr::Literal { .. }) => {
            let plain = text.rsplit_once("offset").map_or(text, |(plain, _)| plain);
            (plain, true)
        }
        _ => (text, false),
    }
}

fn ratio(keys: &Keys<'_>) -> Option<Indicator> {
    let total = metric(keys, "total");
    let (key, which) = match keys.exactly_one(&["errors", "success"])? {
        "success" => ("success", Which::Good),
        key => (key, Which::Bad),
    };
    let some = metric(keys, key);
    Some(Indicator::Events {
        total: Counted::new(vec![total?]),
        some: Counted::new(vec![some?]),
        which,
    })
}

fn of_buckets(keys: &Keys<'_>, node: &At<'_>) -> Option<Indicator> {
    let (success, total) = (metric(keys, "success"), metric(keys, "total"));
    let (success, total) = (success?, total?);
    if !success
        .label_matchers()
        .any(|matcher| matcher.name() == "le")
    {
        let node = keys.get("success")?;
        return node.problem("metric: chooses no le, expected the bucket such as le=\"0.5\"");
    }
    let (total, some) = (Counted::new(vec![total]), Counted::new(vec![success]));
    let known = latency(&total, &some, Which::Good);
    Some(known.unwrap_or_else(|| {
        node.note("success and total are no bucket and count of the same histograms: counted as two counters");
        Indicator::Events {
            total,
            some,
            which: Which::Good,
        }
    }))
}

fn native(keys: &Keys<'_>) -> Option<Indicator> {
    let total = metric(keys, "total");
    let latency = keys
        .need_as("latency", "a duration such as 300ms")?
        .duration()?;
    Some(Indicator::NativeLatency {
        histograms: Counted::new(vec![total?]),
        threshold: format!("{latency}e-3").parse().ok()?,
    })
}

fn gauge(keys: &Keys<'_>) -> Option<Indicator> {
    let series = match keys.has("total") {
        true => metric(keys, "total"),
        false => selector(keys),
    };
    Some(Indicator::Gauge {
        gauges: Counted::new(vec![series?]),
        comparison: Comparison::Equal,
        value: 1.0,
        by_time: false,
    })
}

/// Pyrra's policies with their names and severities changed.
fn alerting(node: Option<&At<'_>>, slo: &Slo, metadata: &Metadata) -> Option<Vec<Policy>> {
    let mut alerts = Alerts::default();
    if let Some(node) = node {
        alerts.read(node)?;
    }
    let window_ms = slo.windows.first()?.nominal_ms();
    let mut found = Vec::new();
    if alerts.burn_rates {
        found.extend(policies::pyrra(window_ms));
        for (policy, severity) in found.iter_mut().zip(alerts.severities) {
            policy.severity = severity.unwrap_or_else(|| policy.severity.clone());
            policy.alert = alerts.name.clone().unwrap_or_else(|| policy.alert.clone());
        }
    }
    if alerts.absent {
        // Nothing was observed for as long as it takes until a total outage is noticed.
        let trigger = Trigger::Coverage {
            below: 0.01,
            within_ms: pyrra_absent_ms(window_ms, slo.objective.target),
        };
        let severity = alerts.absent_severity.as_deref().unwrap_or("critical");
        found.push(Policy {
            alert: alerts
                .absent_name
                .unwrap_or_else(|| "SLOMetricAbsent".to_owned()),
            ..policy("absent", severity, trigger)
        });
    }
    for policy in &mut found {
        policy.annotations = propagated(&metadata.annotations);
    }
    Some(found)
}

/// The value of `alerting`.
struct Alerts {
    burn_rates: bool,
    absent: bool,
    name: Option<String>,
    absent_name: Option<String>,
    severities: [Option<String>; 4],
    absent_severity: Option<String>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            burn_rates: true,
            absent: true,
            name: None,
            absent_name: None,
            severities: [None, None, None, None],
            absent_severity: None,
        }
    }
}

impl Alerts {
    fn read(&mut self, node: &At<'_>) -> Option<()> {
        let keys = node.keys(&[
            "disabled",
            "burnrates",
            "absent",
            "name",
            "absentName",
            "severities",
            "burnRateType",
        ])?;
        let why = "burn rates do not change with the traffic; min_bad of a policy is the guard against few events";
        lost(&keys, &["burnRateType"], why);
        let truth = |key, usual| keys.get(key).map_or(Some(usual), |node| node.truth());
        self.burn_rates = truth("burnrates", true)? && !truth("disabled", false)?;
        self.absent = truth("absent", true)?;
        let text =
            |keys: &Keys<'_>, key| Some(keys.text_or_empty(key)).filter(|text| !text.is_empty());
        self.name = text(&keys, "name");
        self.absent_name = text(&keys, "absentName");
        if let Some(node) = keys.get("severities") {
            let burns = ["fastBurn", "mediumBurn", "slowBurn", "longTermBurn"];
            let keys = node.keys(&[
                "absent",
                "fastBurn",
                "mediumBurn",
                "slowBurn",
                "longTermBurn",
            ])?;
            self.severities = burns.map(|key| text(&keys, key));
            self.absent_severity = text(&keys, "absent");
        }
        Some(())
    }
}
