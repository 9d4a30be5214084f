//! What only data tell: whoever has them answers [`questions`], and [`observed`] says what follows.

use narthex_model::format_duration;

use super::policies::rounded;
use super::{Finding, Findings, window_ms, window_name};
use crate::load::Placed;
use crate::spec::{Counted, Indicator, Selector, Slo, Trigger, complement};

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
    /// For each selector that was asked for, in the same order, how many series it has.
    pub series: Vec<usize>,
    /// All boundaries, in any order; `+Inf` may be among them.
    pub boundaries: Vec<f64>,
    /// How far samples are apart as a rule, in milliseconds.
    pub interval_ms: Option<i64>,
    /// All events, and bad ones; `None`: not known, as of a ratio.
    pub events: Option<(f64, f64)>,
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
        Indicator::Queries { .. } | Indicator::ErrorRatio { .. } | Indicator::Composite { .. } => {
            Vec::new()
        }
    };
    Questions {
        series,
        boundaries_of,
        events_in_ms: window_ms(slo),
    }
}

/// What follows from the answers.
pub fn observed(placed: &Placed, answers: &Observed) -> Vec<Finding> {
    let mut findings = Findings::of(placed);
    let slo = &placed.slo;
    nothing(slo, answers, &mut findings);
    boundary(slo, answers, &mut findings);
    interval(slo, answers, &mut findings);
    if let Some((total, bad)) = answers.events {
        if bad > total {
            findings.say(
                "subset-of-total",
                format_args!("{bad} bad events of {total}: errors count what total does not"),
            );
        }
        traffic(slo, total, &mut findings);
    }
    findings.found
}

fn nothing(slo: &Slo, answers: &Observed, findings: &mut Findings<'_>) {
    let questions = questions(slo);
    for (selector, series) in questions.series.iter().zip(&answers.series) {
        if *series == 0 {
            findings.say(
                "matches-nothing",
                format_args!("{selector} matches nothing: no series has had these labels; look at the name and the labels"),
            );
        }
    }
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

/// With little traffic a single failure is a lot.
fn traffic(slo: &Slo, total: f64, findings: &mut Findings<'_>) {
    let budget = complement(slo.objective.target);
    let window_ms = window_ms(slo);
    if total <= 0.0 || window_ms <= 0 {
        return;
    }
    let window = window_name(slo);
    let percent = rounded(100.0 / (budget * total));
    if percent > 100.0 {
        findings.say(
            "traffic-low",
            format_args!("{total} events in {window}: one failed request = {percent} % of the {window} budget, so none may fail"),
        );
    }
    for policy in &slo.policies {
        let Trigger::Burn {
            tiers,
            min_bad,
            scaled_from_ms,
        } = &policy.trigger
        else {
            continue;
        };
        let fires = |ms: i64, factor: f64| {
            let events = total * ms as f64 / window_ms as f64;
            1.0 / events.max(1.0) > factor * budget
        };
        let alone = *min_bad <= 1.0
            && tiers.iter().any(|tier| {
                let factor = tier.factor_at(window_ms, *scaled_from_ms);
                fires(tier.long_ms, factor) && fires(tier.short_ms, factor)
            });
        if alone {
            findings.say(
                "traffic-low",
                format_args!(
                    "policy {}: a single failed request sets it off: one failed request = {percent} % of the {window} budget; \
                     set min_bad, or take longer windows",
                    policy.name
                ),
            );
        }
    }
}
