//! Indicators.

use serde_yaml::Value;

use crate::lost::Losses;
use crate::promql::WINDOW;
use crate::rules::{Measured, indicator_losses, measured};
use crate::spec::{Counted, Indicator, Slo, Which};
use crate::yaml::map;

fn source(query: &str) -> Value {
    let spec = map([("query", Some(query.into()))]);
    let source = map([("type", Some("Prometheus".into())), ("spec", Some(spec))]);
    map([("metricSource", Some(source))])
}

/// The indicator of an SLO that is no composite.
pub(super) fn indicator(slo: &Slo, losses: &mut Losses<'_>) -> Option<Value> {
    let is_grouped = !slo.group_by.is_empty();
    losses.say_if(is_grouped && !by_queries(slo), "group_by", "not kept");
    let metric = match &slo.indicator {
        Indicator::Composite { .. } => return None,
        Indicator::Gauge {
            gauges,
            by_time,
            comparison,
            ..
        } => {
            let equal = *comparison == crate::spec::Comparison::Equal;
            losses.say_if(equal, "indicator.gauge.good", "OpenSLO has no ==: gte");
            losses.say_if(*by_time, "indicator.gauge.weigh", "not kept");
            threshold(gauges, losses)
        }
        Indicator::Events { total, some, which } => counters(slo, total, some, *which),
        Indicator::ErrorRatio { query } => {
            let ratio = map([
                ("rawType", Some("failure".into())),
                ("raw", Some(source(query))),
            ]);
            map([("ratioMetric", Some(ratio))])
        }
        _ => queries(slo, losses)?,
    };
    let metadata = map([("name", Some(slo.id.as_str().into()))]);
    Some(map([("metadata", Some(metadata)), ("spec", Some(metric))]))
}

/// Whether the queries say by which labels, so that whoever reads them knows.
fn by_queries(slo: &Slo) -> bool {
    matches!(
        slo.indicator,
        Indicator::Events { .. } | Indicator::Latency { .. }
    )
}

fn threshold(gauges: &Counted, losses: &mut Losses<'_>) -> Value {
    let texts: Vec<_> = gauges.0.iter().map(ToString::to_string).collect();
    losses.say_if(
        texts.len() > 1,
        "indicator.gauge",
        "several selectors become one query",
    );
    map([("thresholdMetric", Some(source(&texts.join(" or "))))])
}

/// Sums of counters, which `counter: true` says they are.
fn counters(slo: &Slo, total: &Counted, some: &Counted, which: Which) -> Value {
    let by = crate::rules::by(&slo.group_by);
    let sum = |counted: &Counted| {
        let sums = counted
            .0
            .iter()
            .map(|selector| format!("sum{by}({selector})"));
        source(&sums.collect::<Vec<_>>().join(" + "))
    };
    let ratio = map([
        ("counter", Some(true.into())),
        (key(which), Some(sum(some))),
        ("total", Some(sum(total))),
    ]);
    map([("ratioMetric", Some(ratio))])
}

fn key(which: Which) -> &'static str {
    match which {
        Which::Good => "good",
        Which::Bad => "bad",
    }
}

/// Queries with the window in them.
fn queries(slo: &Slo, losses: &mut Losses<'_>) -> Option<Value> {
    indicator_losses(slo, losses);
    let Measured::Events { bad, total, .. } = measured(slo, WINDOW)? else {
        return None;
    };
    // As they stand, where they are queries already.
    let (key, some, total) = match &slo.indicator {
        Indicator::Queries { total, some, which } => (key(*which), some.clone(), total.clone()),
        _ => ("bad", bad, total),
    };
    let ratio = map([
        ("counter", Some(false.into())),
        (key, Some(source(&some))),
        ("total", Some(source(&total))),
    ]);
    Some(map([("ratioMetric", Some(ratio))]))
}
