//! Indicators, written.

use serde_yaml::Value;

use crate::native::indicator::COMPARISONS;
use crate::spec::{Counted, Indicator, Part, Which};
use crate::yaml::{map, number};

pub(super) fn indicator(indicator: &Indicator) -> Value {
    match indicator {
        Indicator::Events { total, some, which } => map([
            (key(*which), Some(counted(some))),
            ("total", Some(counted(total))),
        ]),
        Indicator::Latency { buckets, threshold } => latency("buckets", buckets, *threshold),
        Indicator::NativeLatency {
            histograms,
            threshold,
        } => latency("histograms", histograms, *threshold),
        Indicator::Gauge {
            gauges,
            comparison,
            value,
            by_time,
        } => {
            let sign = COMPARISONS.iter().find(|(_, known)| known == comparison);
            let sign = sign.map_or("==", |(sign, _)| *sign);
            let gauge = map([
                ("series", Some(counted(gauges))),
                ("good", Some(format!("{sign} {value}").into())),
                ("weigh", by_time.then(|| "time".into())),
            ]);
            map([("gauge", Some(gauge))])
        }
        Indicator::Queries { total, some, which } => {
            let queries = map([
                (key(*which), Some(some.as_str().into())),
                ("total", Some(total.as_str().into())),
            ]);
            map([("queries", Some(queries))])
        }
        Indicator::ErrorRatio { query } => map([("error_ratio", Some(query.as_str().into()))]),
        Indicator::Composite { parts } => {
            let parts = parts.iter().map(part).collect();
            map([("composite", Some(Value::Sequence(parts)))])
        }
    }
}

fn key(which: Which) -> &'static str {
    match which {
        Which::Good => "good",
        Which::Bad => "errors",
    }
}

fn counted(counted: &Counted) -> Value {
    let mut texts: Vec<Value> = counted.0.iter().map(|s| s.to_string().into()).collect();
    match texts.len() {
        1 => texts.remove(0),
        _ => Value::Sequence(texts),
    }
}

fn latency(key: &'static str, series: &Counted, threshold: f64) -> Value {
    let latency = map([
        (key, Some(counted(series))),
        ("threshold", Some(number(threshold))),
    ]);
    map([("latency", Some(latency))])
}

fn part(part: &Part) -> Value {
    if part.weight == 1.0 {
        return part.slo.as_str().into();
    }
    map([
        ("slo", Some(part.slo.as_str().into())),
        ("weight", Some(number(part.weight))),
    ])
}
