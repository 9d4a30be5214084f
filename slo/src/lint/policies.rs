//! Policies that can never hold, or look at too little.

use narthex_model::format_duration;

use super::{Findings, window_name};
use crate::spec::{BurnTier, Indicator, Policy, Slo, Trigger, complement, to_percent};

pub(super) fn lint(slo: &Slo, findings: &mut Findings<'_>) {
    for policy in &slo.policies {
        match &policy.trigger {
            Trigger::Burn {
                tiers,
                min_bad,
                scaled_from_ms,
            } => {
                for tier in tiers {
                    self::tier(slo, policy, tier, *scaled_from_ms, findings);
                }
                if *min_bad > 0.0 && matches!(slo.indicator, Indicator::ErrorRatio { .. }) {
                    let name = &policy.name;
                    findings.say(
                        "min-bad-of-ratio",
                        format_args!("policy {name}: error_ratio does not say how many events were bad: min_bad means nothing"),
                    );
                }
            }
            Trigger::Drop {
                fraction,
                within_ms,
            } => {
                let all =
                    *within_ms as f64 / slo.window_ms() as f64 / complement(slo.objective.target);
                if *fraction > all {
                    findings.say(
                        "drop-unreachable",
                        format_args!(
                            "policy {}: an outage of {} spends {} % of the budget, never {} %",
                            policy.name,
                            format_duration(*within_ms),
                            rounded(to_percent(all)),
                            to_percent(*fraction)
                        ),
                    );
                }
            }
            Trigger::Spent(_) | Trigger::ExhaustedWithin(_) | Trigger::Coverage { .. } => {}
        }
    }
}

fn tier(
    slo: &Slo,
    policy: &Policy,
    tier: &BurnTier,
    scaled_from_ms: Option<i64>,
    findings: &mut Findings<'_>,
) {
    let name = &policy.name;
    let factor = tier.factor_at(slo.window_ms(), scaled_from_ms);
    let highest = 1.0 / complement(slo.objective.target);
    if factor >= highest {
        findings.say(
            "burn-unreachable",
            format_args!(
                "policy {name}: a burn rate above {} cannot be: with a target of {} % a total outage burns at {}",
                rounded(factor),
                to_percent(slo.objective.target),
                rounded(highest)
            ),
        );
    }
    let slice_ms = slo.judged_ms();
    if tier.short_ms < 2 * slice_ms {
        findings.say(
            "burn-window-short",
            format_args!(
                "policy {name}: window {} is shorter than two slices of {}",
                format_duration(tier.short_ms),
                format_duration(slice_ms)
            ),
        );
    }
    if tier.long_ms > slo.window_ms() {
        findings.say(
            "burn-window-long",
            format_args!(
                "policy {name}: window {} is longer than the SLO's, {}",
                format_duration(tier.long_ms),
                window_name(slo)
            ),
        );
    }
}

/// With as many digits as people read.
pub(super) fn rounded(value: f64) -> f64 {
    let text = format!("{value:.3e}");
    text.parse().unwrap_or(value)
}
