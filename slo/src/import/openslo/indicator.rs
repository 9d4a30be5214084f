//! Indicators: ratios of queries, raw ratios and thresholds.

use narthex_settings::{Keys, Node};

use super::objects::{Objects, metadata_of_inline, open, spec};
use crate::import::common::{QUERY_SLICE_MS, lost, set_known, set_queries, set_ratio, template};
use crate::promql::{Template, WINDOW, of_counters, of_queries, of_ratio};
use crate::spec::{Comparison, Counted, Indicator, Selector, Slo, Which};
use crate::time::MINUTE_MS;

/// The types of data sources whose queries are PromQL.
const PROMETHEUS_LIKE: [&str; 8] = [
    "prometheus",
    "promql",
    "thanos",
    "mimir",
    "cortex",
    "victoriametrics",
    "amp",
    "narthex",
];

/// The `spec` of an indicator that stands there or is named, if there is one.
pub(super) fn find<'d>(keys: &Keys<'d>, objects: &Objects<'d>) -> Option<Option<Keys<'d>>> {
    if !keys.has("indicator") && !keys.has("indicatorRef") {
        return Some(None);
    }
    match keys.exactly_one(&["indicator", "indicatorRef"])? {
        "indicatorRef" => {
            let reference = keys.get("indicatorRef")?;
            let object = open(objects.resolve("SLI", &reference)?, "SLI")?;
            Some(Some(object.spec))
        }
        _ => {
            let node = keys.get("indicator")?;
            let inline = node.keys(&["apiVersion", "kind", "metadata", "spec"])?;
            metadata_of_inline(&inline)?;
            Some(Some(spec(&inline.need("spec")?, "SLI")?))
        }
    }
}

/// Sets what is measured; `good` is how a value is good, for a threshold.
pub(super) fn set(
    slo: &mut Slo,
    sli: &Keys<'_>,
    good: Option<(Comparison, f64)>,
    objects: &Objects<'_>,
) -> Option<()> {
    match sli.exactly_one(&["ratioMetric", "thresholdMetric"])? {
        "ratioMetric" => ratio(slo, &sli.get("ratioMetric")?, objects),
        _ => threshold(slo, &sli.get("thresholdMetric")?, good, objects),
    }
}

/// The query of a metric, and where it stands.
fn query<'d>(metric: &Node<'d>, objects: &Objects<'_>) -> Option<(Template, Node<'d>)> {
    let keys = metric.keys(&["metricSource"])?;
    let source = keys.need("metricSource")?;
    let keys = source.keys(&["metricSourceRef", "type", "spec"])?;
    check_type(&keys, objects)?;
    let spec = keys
        .need_as("spec", "a mapping with the query")?
        .any_keys()?;
    let names = ["query", "promql", "expr"];
    let name = names
        .into_iter()
        .find(|name| spec.has(name))
        .unwrap_or("query");
    for (key, node) in spec.node().named()? {
        if key != name {
            node.note("not kept: only the query is read");
        }
    }
    let node = spec.need_as(name, "PromQL")?;
    Some((template(&node)?, node))
}

/// Whether the source speaks PromQL.
fn check_type(keys: &Keys<'_>, objects: &Objects<'_>) -> Option<()> {
    let (node, kind) = match (keys.get("type"), keys.get("metricSourceRef")) {
        (Some(node), _) => (node.clone(), node.text()?),
        (None, Some(reference)) => {
            let Some(source) = objects.find("DataSource", &reference.text()?) else {
                reference.note("no such DataSource in the files: taken for one that speaks PromQL");
                return Some(());
            };
            let source = open(source, "DataSource")?;
            let kind = source.spec.need_as("type", "Prometheus")?.text()?;
            (reference, kind)
        }
        (None, None) => return Some(()),
    };
    let known = PROMETHEUS_LIKE.contains(&kind.to_lowercase().as_str());
    match known {
        true => Some(()),
        false => node.problem(format_args!(
            "the source is of type \"{kind}\", expected Prometheus or another that speaks PromQL"
        )),
    }
}

fn ratio(slo: &mut Slo, node: &Node<'_>, objects: &Objects<'_>) -> Option<()> {
    let keys = node.keys(&["counter", "good", "bad", "total", "raw", "rawType"])?;
    if keys.has("raw") {
        if let Some(node) = ["good", "bad", "total"]
            .iter()
            .find_map(|key| keys.get(key))
        {
            return node.problem("stands beside raw, expected one of them");
        }
        return raw(slo, &keys, objects);
    }
    let is_counter = match keys.get("counter") {
        Some(node) => node.truth()?,
        None => false,
    };
    let total = keys.need_as("total", "the query of all events");
    let total = total.and_then(|node| query(&node, objects));
    let (key, which) = match keys.exactly_one(&["good", "bad"])? {
        "good" => ("good", Which::Good),
        key => (key, Which::Bad),
    };
    let some = query(&keys.get(key)?, objects);
    let ((total, total_node), (some, _)) = (total?, some?);
    pair(slo, (&total, &total_node), &some, which, is_counter)
}

/// Two queries: counted exactly where they count counters.
fn pair(
    slo: &mut Slo,
    (total, node): (&Template, &Node<'_>),
    some: &Template,
    which: Which,
    is_counter: bool,
) -> Option<()> {
    let known = match is_counter {
        true => of_counters(total, some, which),
        false => of_queries(total, some, which),
    };
    if let Some(known) = known {
        set_known(slo, known, node);
        return Some(());
    }
    if !is_counter {
        set_queries(slo, total, some, which, node);
        return Some(());
    }
    // A counter that is no plain sum: what it grows by in a slice.
    let grown =
        |query: &Template| Template::parse(&format!("increase(({})[{WINDOW}:])", query.text));
    let (Ok(total), Ok(some)) = (grown(total), grown(some)) else {
        return node.problem("counter: true, but this query cannot be an argument of increase, expected an instant vector");
    };
    set_queries(slo, &total, &some, which, node);
    Some(())
}

/// A ratio that is ready.
fn raw(slo: &mut Slo, keys: &Keys<'_>, objects: &Objects<'_>) -> Option<()> {
    let which = keys.need_as("rawType", "success or failure")?;
    let which = which.one_of(&[("success", Which::Good), ("failure", Which::Bad)]);
    let (query, node) = query(&keys.get("raw")?, objects)?;
    let which = which?;
    if let Some(known) = of_ratio(&query, which) {
        node.note(
            "both sides of the division are counters: they are counted, not the ratio averaged",
        );
        set_known(slo, known, &node);
        return Some(());
    }
    let text = match which {
        Which::Bad => query.text,
        Which::Good => format!("1 - ({})", query.text),
    };
    set_ratio(slo, text, QUERY_SLICE_MS, &node);
    Some(())
}

/// Values that compare well.
fn threshold(
    slo: &mut Slo,
    node: &Node<'_>,
    good: Option<(Comparison, f64)>,
    objects: &Objects<'_>,
) -> Option<()> {
    let (query, node) = query(node, objects)?;
    let Some((comparison, value)) = good.filter(|(_, value)| !value.is_nan()) else {
        return node
            .problem("the indicator is a threshold, expected op and value in the objective");
    };
    set_threshold(slo, &query, comparison, value, &node);
    Some(())
}

/// v1alpha: a pair of queries.
pub(super) fn alpha_ratio(slo: &mut Slo, node: &Node<'_>) -> Option<()> {
    let keys = node.keys(&["incremental", "counter", "good", "bad", "total"])?;
    let is_counter = match keys.get("incremental").or_else(|| keys.get("counter")) {
        Some(node) => node.truth()?,
        None => false,
    };
    let total = keys.need("total").and_then(|node| alpha_query(&node));
    let (key, which) = match keys.exactly_one(&["good", "bad"])? {
        "good" => ("good", Which::Good),
        key => (key, Which::Bad),
    };
    let some = alpha_query(&keys.get(key)?);
    let ((total, node), (some, _)) = (total?, some?);
    pair(slo, (&total, &node), &some, which, is_counter)
}

fn alpha_query<'d>(node: &Node<'d>) -> Option<(Template, Node<'d>)> {
    let keys = node.keys(&["source", "queryType", "query", "metadata"])?;
    lost(&keys, &["metadata"], "only the query is read");
    for key in ["source", "queryType"] {
        let Some(node) = keys.get(key) else { continue };
        let kind = node.text()?;
        if key == "queryType" && !kind.eq_ignore_ascii_case("promql") {
            return node.expected("promql");
        }
    }
    let node = keys.need_as("query", "PromQL")?;
    Some((template(&node)?, node))
}

/// v1alpha: a threshold on a query.
pub(super) fn alpha_threshold(
    slo: &mut Slo,
    node: &Node<'_>,
    good: Option<(Comparison, f64)>,
) -> Option<()> {
    let (query, node) = alpha_query(node)?;
    let Some((comparison, value)) = good.filter(|(_, value)| !value.is_nan()) else {
        return node
            .problem("the indicator is a threshold, expected op and value in the objective");
    };
    set_threshold(slo, &query, comparison, value, &node);
    Some(())
}

fn set_threshold(
    slo: &mut Slo,
    query: &Template,
    comparison: Comparison,
    value: f64,
    node: &Node<'_>,
) {
    if let Ok(selector) = Selector::parse(&query.text) {
        slo.indicator = Indicator::Gauge {
            gauges: Counted::new(vec![selector]),
            comparison,
            value,
            by_time: false,
        };
        return;
    }
    let (query, bad) = (&query.text, comparison.opposite());
    // What is no number, as a quantile of nothing, is neither good nor bad: 0 / 0.
    let bad = format!("(({query}) {bad} bool {value}) / (({query}) == bool ({query}))");
    set_ratio(slo, bad, MINUTE_MS, node);
}
