//! What an indicator counts, as PromQL over a window.

use narthex_model::{MatchOp, Matcher};

use crate::lost::Losses;
use crate::promql::{are_rates, fill};
use crate::spec::{Counted, Indicator, Selector, Slo, Which};

/// Bad and all events, or their fraction alone.
pub(crate) enum Measured {
    /// Both.
    Events {
        /// Bad events.
        bad: String,
        /// All events.
        total: String,
        /// Whether so many in a second, rather than in the window.
        rates: bool,
    },
    /// The fraction of errors.
    Ratio(String),
}

/// What is measured over a window such as `5m`; `None` of a composite.
pub(crate) fn measured(slo: &Slo, window: &str) -> Option<Measured> {
    let by = by(&slo.group_by);
    let rates_are = |rates: bool| {
        move |bad: String, total: String| Some(Measured::Events { bad, total, rates })
    };
    let told = |some: String, total: String, which, rates| match which {
        Which::Bad => rates_are(rates)(some, total),
        Which::Good => rates_are(rates)(format!("({total}) - ({some})"), total),
    };
    match &slo.indicator {
        Indicator::Events { total, some, which } => {
            let (some, total) = (rates(some, window, &by), rates(total, window, &by));
            told(some, total, *which, true)
        }
        Indicator::Latency { buckets, threshold } => {
            let within = map(buckets, |s| s.with(boundary(*threshold)));
            let all = map(buckets, observations);
            told(
                rates(&within, window, &by),
                rates(&all, window, &by),
                Which::Good,
                true,
            )
        }
        Indicator::NativeLatency {
            histograms,
            threshold,
        } => {
            let all = rates(histograms, window, &by);
            let total = format!("histogram_count({all})");
            rates_are(true)(
                format!("(1 - histogram_fraction(0, {threshold}, {all})) * {total}"),
                total,
            )
        }
        Indicator::Gauge {
            gauges,
            comparison,
            value,
            ..
        } => {
            let sign = comparison.opposite();
            let sum = |function: &str, compared: &str| {
                let sums = gauges
                    .0
                    .iter()
                    .map(|gauge| format!("sum{by}({function}(({gauge}{compared})[{window}:]))"));
                sums.collect::<Vec<_>>().join(" + ")
            };
            rates_are(false)(
                sum("sum_over_time", &format!(" {sign} bool {value}")),
                sum("count_over_time", ""),
            )
        }
        Indicator::Queries { total, some, which } => {
            let rates = are_rates(total, some);
            told(fill(some, window), fill(total, window), *which, rates)
        }
        Indicator::ErrorRatio { query } => Some(Measured::Ratio(fill(query, window))),
        Indicator::Composite { .. } => None,
    }
}

/// The fraction of errors over a window.
pub(super) fn ratio(slo: &Slo, window: &str) -> Option<String> {
    Some(match measured(slo, window)? {
        Measured::Events { bad, total, .. } => format!("({bad})\n/\n({total})"),
        Measured::Ratio(ratio) => format!("({ratio})"),
    })
}

/// Says what Prometheus cannot count as we do.
pub(crate) fn losses(slo: &Slo, losses: &mut Losses<'_>) {
    match &slo.indicator {
        Indicator::Latency { threshold, .. } => losses.say(
            "indicator.latency.threshold",
            format_args!("{threshold} must be a boundary of the buckets, or nothing is found"),
        ),
        Indicator::Gauge { by_time: true, .. } => losses.say(
            "indicator.gauge.weigh",
            "samples are counted, not their time",
        ),
        _ => {}
    }
}

/// `" by (a, b) "`, or nothing.
pub(crate) fn by(labels: &[String]) -> String {
    let words: Vec<_> = labels
        .iter()
        .map(|label| narthex_syntax::label_word(label))
        .collect();
    match words.as_slice() {
        [] => String::new(),
        words => format!(" by ({}) ", words.join(", ")),
    }
}

fn rates(counted: &Counted, window: &str, by: &str) -> String {
    let sums = counted
        .0
        .iter()
        .map(|selector| format!("sum{by}(rate({selector}[{window}]))"));
    sums.collect::<Vec<_>>().join(" + ")
}

fn map(counted: &Counted, change: impl Fn(&Selector) -> Selector) -> Counted {
    Counted(counted.0.iter().map(change).collect())
}

/// The counter of all observations of buckets.
pub(crate) fn observations(buckets: &Selector) -> Selector {
    let base = buckets
        .metric()
        .and_then(|name| name.strip_suffix("_bucket"));
    match base {
        Some(base) => buckets.with_metric(&format!("{base}_count")),
        None => buckets.with(Matcher::equal("le", "+Inf")),
    }
}

/// The matcher of the buckets up to a threshold: Prometheus 3 writes `1.0` what was `1` before.
pub(super) fn boundary(threshold: f64) -> Matcher {
    if threshold.fract() != 0.0 {
        return Matcher::equal("le", threshold.to_string());
    }
    let regex = format!("{threshold}(\\.0)?");
    Matcher::new("le", MatchOp::Regex, regex)
        .unwrap_or_else(|_| Matcher::equal("le", threshold.to_string()))
}
