//! Traffic so low that a single failure is a lot.

use narthex_model::format_duration;

use super::observed::Events;
use super::policies::rounded;
use super::{Findings, window_name};
use crate::spec::{Indicator, Slo, Trigger, complement};

pub(super) fn lint(slo: &Slo, events: Events, findings: &mut Findings<'_>) {
    let budget = complement(slo.objective.target);
    let window_ms = slo.window_ms();
    let window = window_name(slo);
    // What was seen for a while goes on like that.
    let known = (events.over_ms / window_ms as f64).min(1.0);
    let total = events.total / known;
    if !total.is_finite() || total <= 0.0 {
        return;
    }
    let percent = rounded(100.0 / (budget * total));
    let one = match slo.indicator {
        Indicator::Gauge { .. } => "one bad sample",
        _ => "one failed request",
    };
    if percent > 100.0 {
        findings.say(
            "traffic-low",
            format_args!(
                "{}: {one} = {percent} % of the {window} budget, so none may fail",
                seen(events, known, &window)
            ),
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
                    "policy {}: {one} sets it off, with {}: {one} = {percent} % of the {window} budget; set min_bad, or take longer windows",
                    policy.name,
                    seen(events, known, &window)
                ),
            );
        }
    }
}

/// How much there was, and how long that was looked at.
fn seen(events: Events, known: f64, window: &str) -> String {
    let all = rounded(events.total / known);
    if known > 0.99 {
        return format!("{all} events in {window}");
    }
    // Whole minutes are enough.
    let minutes = (events.over_ms / 60_000.0).max(1.0) as i64;
    let over = format_duration(minutes * 60_000);
    let total = rounded(events.total);
    let s = if total == 1.0 { "" } else { "s" };
    format!("{total} event{s} in {over}, which is {all} in {window}")
}
