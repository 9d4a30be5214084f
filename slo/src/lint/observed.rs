//! What only data tell: whoever has them answers [`questions`], and [`observed`] says what follows.

use narthex_model::format_duration;

use super::ask::selectors;
use super::{Finding, Findings, nothing, traffic};
use crate::load::Placed;
use crate::spec::{Counted, Indicator, Selector, Slo, Trigger};

/// What should be looked up for an SLO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questions {
    /// How many series each of these has.
    pub series: Vec<Selector>,
    /// The boundaries (`le`) of these, if it is about buckets.
    pub boundaries_of: Option<Counted>,
    /// How much is counted in so much time, in milliseconds: that of the first window.
    pub events_in_ms: i64,
}

/// The answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// What each selector that was asked for matches, in the same order.
    pub series: Vec<Matched>,
    /// All boundaries, in any order; `+Inf` may be among them.
    pub boundaries: Vec<f64>,
    /// How far samples are apart as a rule, in milliseconds.
    pub interval_ms: Option<i64>,
    /// `None`: not known, as of a ratio.
    pub events: Option<Events>,
}

/// What a selector matches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matched {
    /// How many series.
    pub series: usize,
    /// Where there are none: how many series the metric has, whatever their labels are.
    pub of_metric: usize,
    /// Where those have other labels: the first label of which no value is accepted, and the values it has, sorted.
    pub at_fault: Option<(String, Vec<String>)>,
}

/// What was counted lately.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Events {
    /// All events.
    pub total: f64,
    /// Bad ones.
    pub bad: f64,
    /// The time that was observed, in milliseconds: no longer than the first window, and shorter where there is no more.
    pub over_ms: f64,
}

/// What should be looked up.
pub fn questions(slo: &Slo) -> Questions {
    let mut boundaries_of = None;
    let series = match &slo.indicator {
        Indicator::Events { total, some, .. } => total.0.iter().chain(&some.0).cloned().collect(),
        Indicator::Latency { buckets, .. } => {
            boundaries_of = Some(buckets.clone());
            buckets.0.clone()
        }
        Indicator::NativeLatency { histograms, .. } => histograms.0.clone(),
        Indicator::Gauge { gauges, .. } => gauges.0.clone(),
        Indicator::Queries { total, some, .. } => {
            let mut both = selectors(total);
            both.extend(selectors(some));
            both
        }
        Indicator::ErrorRatio { query } => selectors(query),
        Indicator::Composite { .. } => Vec::new(),
    };
    Questions {
        series,
        boundaries_of,
        events_in_ms: slo.window_ms(),
    }
}

/// What follows from the answers.
pub fn observed(placed: &Placed, answers: &Observed) -> Vec<Finding> {
    let mut findings = Findings::of(placed);
    let slo = &placed.slo;
    nothing::lint(slo, answers, &mut findings);
    boundary(slo, answers, &mut findings);
    interval(slo, answers, &mut findings);
    if let Some(events) = answers.events {
        let Events { total, bad, .. } = events;
        if bad > total {
            findings.say(
                "subset-of-total",
                format_args!("{bad} bad events of {total}: errors count what total does not"),
            );
        }
        traffic::lint(slo, events, &mut findings);
    }
    findings.found
}

/// Where a threshold falls between two buckets, only bounds can be told.
fn boundary(slo: &Slo, answers: &Observed, findings: &mut Findings<'_>) {
    let Indicator::Latency { threshold, .. } = &slo.indicator else {
        return;
    };
    let finite = || {
        answers
            .boundaries
            .iter()
            .copied()
            .filter(|le| le.is_finite())
    };
    if finite().next().is_none() || finite().any(|le| le == *threshold) {
        return;
    }
    let below = finite().filter(|le| le < threshold).reduce(f64::max);
    let above = finite().filter(|le| le > threshold).reduce(f64::min);
    let nearest = match (below, above) {
        (Some(below), Some(above)) => format!("the nearest are {below} and {above}"),
        (Some(below), None) => {
            format!("the largest is {below}, so all that is slower counts as unknown")
        }
        (None, Some(above)) => format!("the smallest is {above}"),
        (None, None) => return,
    };
    findings.say(
        "threshold-between-buckets",
        format_args!("threshold {threshold} is no boundary of the buckets: {nearest}; results will have bounds"),
    );
}

fn interval(slo: &Slo, answers: &Observed, findings: &mut Findings<'_>) {
    let Some(interval_ms) = answers.interval_ms else {
        return;
    };
    let interval = format_duration(interval_ms);
    let is_query = matches!(
        slo.indicator,
        Indicator::Queries { .. } | Indicator::ErrorRatio { .. }
    );
    if is_query && slo.slice_ms < 2 * interval_ms {
        let slice = format_duration(slo.slice_ms);
        findings.say(
            "slice-short",
            format_args!("slice: queries look at {slice}, which is shorter than two scrapes, {interval} apart: rates see nothing; make the slice longer"),
        );
    }
    for policy in &slo.policies {
        let Trigger::Burn { tiers, .. } = &policy.trigger else {
            continue;
        };
        for tier in tiers.iter().filter(|tier| tier.short_ms < 2 * interval_ms) {
            let short = format_duration(tier.short_ms);
            findings.say(
                "burn-window-short",
                format_args!("policy {}: window {short} is shorter than two scrapes, which are {interval} apart", policy.name),
            );
        }
    }
}
