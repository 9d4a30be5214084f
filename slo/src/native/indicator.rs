//! What is measured, in our own format.

use narthex_settings::{Keys, Node};

use super::value::{id_problem, is_id, seconds, selector};
use crate::promql::{Template, WINDOW};
use crate::spec::{Comparison, Counted, Indicator, Part, Which};

/// The keys that an indicator has, under `indicator` or beside it.
pub(super) const KINDS: [&str; 8] = [
    "errors",
    "good",
    "total",
    "latency",
    "gauge",
    "queries",
    "error_ratio",
    "composite",
];

/// The comparisons, longest first.
pub(super) const COMPARISONS: [(&str, Comparison); 5] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// The value of `indicator`, or its keys where they stand in the SLO itself.
pub(super) fn read(slo: &Keys<'_>) -> Option<Indicator> {
    let Some(node) = slo.get("indicator") else {
        if KINDS.iter().any(|kind| slo.has(kind)) {
            return of(slo);
        }
        return slo.node().problem(format_args!(
            "key \"indicator\" is missing, expected it or one of {}",
            KINDS.join(", ")
        ));
    };
    if let Some(kind) = KINDS.iter().find_map(|kind| slo.get(kind)) {
        return kind.problem("stands beside indicator, expected it inside or alone");
    }
    of(&node.keys(&KINDS)?)
}

fn of(keys: &Keys<'_>) -> Option<Indicator> {
    let kinds = [
        "total",
        "latency",
        "gauge",
        "queries",
        "error_ratio",
        "composite",
    ];
    let kind = match keys.exactly_one(&kinds)? {
        "total" => return events(keys),
        kind => kind,
    };
    if let Some(node) = ["errors", "good"].iter().find_map(|key| keys.get(key)) {
        return node.problem(format_args!(
            "stands beside {kind}, expected it beside total"
        ));
    }
    let node = keys.get(kind)?;
    match kind {
        "latency" => latency(&node),
        "gauge" => gauge(&node),
        "queries" => queries(&node),
        "error_ratio" => error_ratio(&node),
        _ => composite(&node),
    }
}

fn events(keys: &Keys<'_>) -> Option<Indicator> {
    let total = keys.get("total").and_then(|node| counted(&node));
    let key = keys.exactly_one(&["errors", "good"])?;
    let some = keys.get(key).and_then(|node| counted(&node));
    Some(Indicator::Events {
        total: total?,
        some: some?,
        which: which_of(key),
    })
}

fn which_of(key: &str) -> Which {
    match key {
        "good" => Which::Good,
        _ => Which::Bad,
    }
}

/// A selector, or a list of them.
fn counted(node: &Node<'_>) -> Option<Counted> {
    let nodes = node.list_or_one();
    if nodes.is_empty() {
        return node.expected("at least one selector");
    }
    let selectors: Vec<_> = nodes.iter().map(selector).collect();
    Some(Counted::new(selectors.into_iter().collect::<Option<_>>()?))
}

fn latency(node: &Node<'_>) -> Option<Indicator> {
    let keys = node.keys(&["buckets", "histograms", "threshold"])?;
    let threshold = keys.need_as(
        "threshold",
        "seconds such as 0.3, or a duration such as 300ms",
    );
    let threshold = threshold.and_then(|node| match seconds(&node) {
        Some(seconds) if seconds.is_finite() => Some(seconds),
        Some(_) => node.expected("a number"),
        None => None,
    });
    let key = keys.exactly_one(&["buckets", "histograms"])?;
    let series_node = keys.get(key)?;
    let series = counted(&series_node)?;
    if key == "histograms" {
        return Some(Indicator::NativeLatency {
            histograms: series,
            threshold: threshold?,
        });
    }
    for selector in &series.0 {
        if selector
            .label_matchers()
            .any(|matcher| matcher.name() == "le")
        {
            return series_node.problem(format_args!(
                "{selector} chooses le, expected the buckets of all le: threshold says which count"
            ));
        }
    }
    Some(Indicator::Latency {
        buckets: series,
        threshold: threshold?,
    })
}

fn gauge(node: &Node<'_>) -> Option<Indicator> {
    let mut indicator = (Comparison::Equal, 1.0, false);
    let series = if node.value().is_mapping() {
        let keys = node.keys(&["series", "good", "weigh"])?;
        if let Some(node) = keys.get("good") {
            (indicator.0, indicator.1) = comparison(&node)?;
        }
        if let Some(node) = keys.get("weigh") {
            indicator.2 = node.one_of(&[("samples", false), ("time", true)])?;
        }
        let series = keys.need_as("series", "a selector such as probe_success")?;
        counted(&series)?
    } else {
        counted(node)?
    };
    let (comparison, value, by_time) = indicator;
    Some(Indicator::Gauge {
        gauges: series,
        comparison,
        value,
        by_time,
    })
}

/// `"< 0.5"`.
fn comparison(node: &Node<'_>) -> Option<(Comparison, f64)> {
    let text = node.text()?;
    let text = text.trim();
    let found = COMPARISONS.iter().find_map(|(sign, comparison)| {
        let value: f64 = text.strip_prefix(sign)?.trim().parse().ok()?;
        value.is_finite().then_some((*comparison, value))
    });
    match found {
        Some(found) => Some(found),
        None => node.expected("a comparison such as \"== 1\" or \"< 0.5\""),
    }
}

fn queries(node: &Node<'_>) -> Option<Indicator> {
    let keys = node.keys(&["errors", "good", "total"])?;
    let total = keys
        .need_as("total", "PromQL")
        .and_then(|node| query(&node, true));
    let key = keys.exactly_one(&["errors", "good"])?;
    let some = keys.get(key).and_then(|node| query(&node, true));
    Some(Indicator::Queries {
        total: total?,
        some: some?,
        which: which_of(key),
    })
}

fn error_ratio(node: &Node<'_>) -> Option<Indicator> {
    Some(Indicator::ErrorRatio {
        query: query(node, false)?,
    })
}

/// PromQL; `counts`: it should count over the window.
fn query(node: &Node<'_>, counts: bool) -> Option<String> {
    match Template::parse(&node.text()?) {
        Err(message) => node.problem(message),
        Ok(template) => {
            if counts && !template.has_window() {
                node.note(format_args!(
                    "has no {WINDOW}: it is evaluated at the end of each slice, whatever it looks back at"
                ));
            }
            Some(template.text)
        }
    }
}

fn composite(node: &Node<'_>) -> Option<Indicator> {
    let nodes = node.list()?;
    if nodes.is_empty() {
        return node.expected("at least one SLO");
    }
    let parts: Vec<_> = nodes.iter().map(part).collect();
    let parts: Vec<Part> = parts.into_iter().collect::<Option<_>>()?;
    for (at, part) in parts.iter().enumerate() {
        if parts.iter().take(at).any(|before| before.slo == part.slo) {
            return nodes
                .get(at)?
                .problem(format_args!("\"{}\" stands twice", part.slo));
        }
    }
    Some(Indicator::Composite { parts })
}

/// The id of an SLO, or a mapping with its weight.
fn part(node: &Node<'_>) -> Option<Part> {
    if !node.value().is_mapping() {
        return Some(Part {
            slo: slo_id(node)?,
            weight: 1.0,
        });
    }
    let keys = node.keys(&["slo", "weight"])?;
    let slo = keys
        .need_as("slo", "the id of an SLO")
        .and_then(|node| slo_id(&node));
    let weight = match keys.get("weight") {
        Some(node) => match node.number()? {
            weight if weight > 0.0 => weight,
            _ => return node.expected("a number above 0"),
        },
        None => 1.0,
    };
    Some(Part { slo: slo?, weight })
}

fn slo_id(node: &Node<'_>) -> Option<String> {
    let id = node.text()?;
    if !is_id(&id) {
        return node.problem(id_problem(&id));
    }
    Some(id)
}
