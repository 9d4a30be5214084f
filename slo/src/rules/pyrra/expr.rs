//! The expressions of an SLO of Pyrra's kinds.

use std::collections::{BTreeMap, BTreeSet};

use narthex_model::{MatchOp, Matcher};
use narthex_syntax::Quoted;

use crate::rules::file::Rule;
use crate::rules::policy::window_name;
use crate::rules::promql::{boundary, by, observations};
use crate::spec::{Comparison, Indicator, Selector, Slo, Which};

/// An indicator of one metric each.
#[derive(Debug)]
pub(super) struct Shape {
    /// All events, the native histogram, or the gauge.
    pub(super) total: Selector,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Events that are told apart.
    Ratio(Selector, Which),
    /// The buckets that are fast enough, and the boundary.
    Latency(Selector, String),
    /// The boundary within native histograms.
    Native(f64),
    /// A gauge that is 1 when all is well.
    Gauge,
}

/// A matcher as PromQL writes it.
pub(super) fn matcher(matcher: &Matcher) -> String {
    let name = narthex_syntax::label_word(matcher.name());
    format!("{name}{}{}", matcher.op().as_str(), Quoted(matcher.value()))
}

/// The boundary of a bucket.
fn le(series: &Selector) -> Option<String> {
    let mut matchers = series.label_matchers();
    let le = matchers.find(|m| m.name() == "le" && m.op() == MatchOp::Equal)?;
    Some(le.value().to_owned())
}

impl Shape {
    pub(super) fn of(slo: &Slo) -> Option<Self> {
        let (total, kind) = match &slo.indicator {
            Indicator::Events { total, some, which } => {
                let (total, some) = (total.one()?.clone(), some.one()?.clone());
                match le(&some).filter(|_| *which == Which::Good) {
                    Some(le) => (total, Kind::Latency(some, le)),
                    None => (total, Kind::Ratio(some, *which)),
                }
            }
            Indicator::Latency { buckets, threshold } => {
                let buckets = buckets.one()?;
                let within = buckets.with(boundary(*threshold));
                (
                    observations(buckets),
                    Kind::Latency(within, threshold.to_string()),
                )
            }
            Indicator::NativeLatency {
                histograms,
                threshold,
            } => (histograms.one()?.clone(), Kind::Native(*threshold)),
            Indicator::Gauge {
                gauges,
                comparison: Comparison::Equal,
                value: 1.0,
                ..
            } => (gauges.one()?.clone(), Kind::Gauge),
            _ => return None,
        };
        Some(Self { total, kind })
    }

    fn metric(&self) -> &str {
        self.total.metric().unwrap_or_default()
    }

    /// The metric as burn rates are named.
    pub(super) fn base(&self) -> String {
        let name = self.metric();
        let name = name.strip_suffix("_total").unwrap_or(name);
        name.strip_suffix("_count").unwrap_or(name).to_owned()
    }

    /// The metrics that may be absent, each once, buckets with their boundary.
    pub(super) fn metrics(&self) -> Vec<(&Selector, Option<&str>)> {
        let total = (&self.total, None);
        match &self.kind {
            Kind::Ratio(some, _) if some.metric() != self.total.metric() => {
                vec![total, (some, None)]
            }
            Kind::Latency(some, le) => vec![total, (some, Some(le))],
            _ => vec![total],
        }
    }

    /// The fraction of errors over a window.
    pub(super) fn burn_rate(&self, slo: &Slo, window: &str) -> String {
        let by = by(&slo.group_by);
        let sum =
            |function: &str, series: &Selector| format!("sum{by}({function}({series}[{window}]))");
        let total = sum("rate", &self.total);
        match &self.kind {
            Kind::Ratio(errors, Which::Bad) => format!("{} / {total}", sum("rate", errors)),
            Kind::Ratio(good, Which::Good) | Kind::Latency(good, _) => {
                format!("({total} - {}) / {total}", sum("rate", good))
            }
            Kind::Native(threshold) => format!("1 - histogram_fraction(0, {threshold}, {total})"),
            Kind::Gauge => {
                let count = sum("count_over_time", &self.total);
                format!(
                    "({count} - {}) / {count}",
                    sum("sum_over_time", &self.total)
                )
            }
        }
    }

    /// The labels that counts keep: groups, what tells events apart, and what is matched by expressions.
    fn kept(&self, slo: &Slo) -> Vec<String> {
        let mut kept: BTreeSet<String> = slo.group_by.iter().cloned().collect();
        let names = |series: &Selector| {
            series
                .label_matchers()
                .map(|m| m.name().to_owned())
                .collect::<BTreeSet<_>>()
        };
        let total = names(&self.total);
        match &self.kind {
            Kind::Ratio(some, _) | Kind::Latency(some, _) => {
                kept.extend(
                    names(some)
                        .difference(&total)
                        .filter(|name| *name != "le")
                        .cloned(),
                );
            }
            Kind::Gauge => kept.extend(total),
            Kind::Native(_) => return slo.group_by.clone(),
        }
        let is_regex = |m: &&Matcher| matches!(m.op(), MatchOp::Regex | MatchOp::NotRegex);
        kept.extend(
            self.total
                .label_matchers()
                .filter(is_regex)
                .map(|m| m.name().to_owned()),
        );
        kept.into_iter().collect()
    }

    /// The rules that count over the whole window.
    pub(super) fn counts(
        &self,
        slo: &Slo,
        window_ms: i64,
        common: &BTreeMap<String, String>,
    ) -> Vec<Rule> {
        let window = window_name(window_ms);
        let kept = self.kept(slo);
        let mut labels = common.clone();
        for m in self
            .total
            .label_matchers()
            .filter(|m| m.op() == MatchOp::Equal)
        {
            if !kept.iter().any(|name| name == m.name()) {
                labels.insert(m.name().to_owned(), m.value().to_owned());
            }
        }
        let by = by(&kept);
        let sum =
            |function: &str, series: &Selector| format!("sum{by}({function}({series}[{window}]))");
        let count = |series: &Selector, labels: &_| {
            Rule::record(counted(series, window_ms), sum("increase", series), labels)
        };
        let with_le = |le: &str| {
            let mut labels = labels.clone();
            labels.insert("le".to_owned(), le.to_owned());
            labels
        };
        match &self.kind {
            Kind::Ratio(some, _) if some.metric() == self.total.metric() => {
                vec![count(&self.total, &labels)]
            }
            Kind::Ratio(some, _) => vec![count(&self.total, &labels), count(some, &labels)],
            Kind::Latency(within, le) => {
                vec![count(&self.total, &labels), count(within, &with_le(le))]
            }
            Kind::Native(threshold) => {
                let all = sum("increase", &self.total);
                let total = format!("histogram_count({all})");
                let good = format!("histogram_fraction(0, {threshold}, {all}) * {total}");
                let name = counted(&self.total, window_ms);
                vec![
                    Rule::record(name.clone(), total, &labels),
                    Rule::record(name, good, &with_le(&threshold.to_string())),
                ]
            }
            Kind::Gauge => ["count", "sum"]
                .map(|what| {
                    let name = format!("{}:{what}{window}", self.metric());
                    Rule::record(
                        name,
                        sum(&format!("{what}_over_time"), &self.total),
                        &labels,
                    )
                })
                .into(),
        }
    }

    /// The fraction of good events over the whole window, of what is recorded.
    pub(super) fn availability(&self, slo: &Slo, window_ms: i64) -> String {
        let slo_matcher = Matcher::equal("slo", &slo.id);
        let recorded =
            |series: &Selector, name: &str| series.with_metric(name).with(slo_matcher.clone());
        let count = |series: &Selector| recorded(series, &counted(series, window_ms));
        let le = |value: &str| Matcher::equal("le", value);
        match &self.kind {
            Kind::Ratio(errors, Which::Bad) => {
                format!(
                    "1 - sum({} or vector(0)) / sum({})",
                    count(errors),
                    count(&self.total)
                )
            }
            Kind::Ratio(good, Which::Good) => {
                format!(
                    "sum({} or vector(0)) / sum({})",
                    count(good),
                    count(&self.total)
                )
            }
            Kind::Latency(within, _) => {
                let total = count(&self.total).with(le(""));
                format!("sum({} or vector(0)) / sum({total})", count(within))
            }
            Kind::Native(threshold) => {
                let all = count(&self.total);
                let good = all.with(le(&threshold.to_string()));
                format!("sum({good} or vector(0)) / sum({})", all.with(le("")))
            }
            Kind::Gauge => {
                let window = window_name(window_ms);
                let of = |what: &str| {
                    recorded(&self.total, &format!("{}:{what}{window}", self.metric()))
                };
                format!("sum({}) / sum({})", of("sum"), of("count"))
            }
        }
    }

    /// All events and errors per second, where they are counted.
    pub(super) fn rates(&self) -> Option<(String, String)> {
        let rate = |series: &Selector| format!("sum(rate({series}[5m]))");
        let total = rate(&self.total);
        let errors = match &self.kind {
            Kind::Ratio(errors, Which::Bad) => format!("{} or vector(0)", rate(errors)),
            Kind::Ratio(good, Which::Good) | Kind::Latency(good, _) => {
                format!("{total} - {}", rate(good))
            }
            Kind::Native(_) | Kind::Gauge => return None,
        };
        Some((total, errors))
    }
}

/// The name of a count over the window.
fn counted(series: &Selector, window_ms: i64) -> String {
    let mut name = series.metric().unwrap_or_default();
    for suffix in ["_total", "_count", "_bucket"] {
        name = name.strip_suffix(suffix).unwrap_or(name);
    }
    format!("{name}:increase{}", window_name(window_ms))
}
