//! What policies need of rules: windows, factors, labels.

use std::collections::{BTreeMap, BTreeSet};

use narthex_model::format_duration;

use super::file::Rule;
use crate::spec::{BurnTier, Policy, Slo, Trigger};

/// A pair of windows and the factor at the window of the SLO.
#[derive(Debug, Clone)]
pub(super) struct Tier {
    pub(super) factor: f64,
    pub(super) long: String,
    pub(super) short: String,
    pub(super) long_ms: i64,
}

/// The tiers of a policy that burns; a drop is one as well: `fraction` of the budget in `within` is a rate of burning.
pub(super) fn tiers(slo: &Slo, trigger: &Trigger) -> Option<Vec<Tier>> {
    let window_ms = slo.window_ms();
    match trigger {
        Trigger::Burn {
            tiers,
            scaled_from_ms,
            ..
        } => {
            let tiers = tiers
                .iter()
                .map(|tier| of_tier(tier, window_ms, *scaled_from_ms));
            Some(tiers.collect())
        }
        Trigger::Drop {
            fraction,
            within_ms,
        } => {
            let tier = BurnTier {
                factor: fraction * window_ms as f64 / *within_ms as f64,
                long_ms: *within_ms,
                short_ms: *within_ms,
            };
            Some(vec![of_tier(&tier, window_ms, None)])
        }
        Trigger::Spent(_) | Trigger::ExhaustedWithin(_) | Trigger::Coverage { .. } => None,
    }
}

fn of_tier(tier: &BurnTier, window_ms: i64, scaled_from_ms: Option<i64>) -> Tier {
    Tier {
        factor: tier.factor_at(window_ms, scaled_from_ms),
        long: window_name(tier.long_ms),
        short: window_name(tier.short_ms),
        long_ms: tier.long_ms,
    }
}

/// A window as series and ranges are written with it in every dialect: as Prometheus writes durations, `1w` and `4w`, but `30d`.
pub(super) fn window_name(ms: i64) -> String {
    format_duration(ms)
}

/// The windows that policies look at, and those that are recorded anyway, shortest first.
pub(super) fn windows(slo: &Slo, usual_ms: &[i64]) -> Vec<i64> {
    let mut windows: BTreeSet<i64> = usual_ms.iter().copied().collect();
    for policy in &slo.policies {
        match &policy.trigger {
            Trigger::Burn { tiers, .. } => {
                windows.extend(tiers.iter().flat_map(|tier| [tier.long_ms, tier.short_ms]));
            }
            Trigger::Drop { within_ms, .. } => {
                windows.insert(*within_ms);
            }
            Trigger::Spent(_) | Trigger::ExhaustedWithin(_) | Trigger::Coverage { .. } => {}
        }
    }
    windows.into_iter().collect()
}

/// The least number of bad events of a policy, if there is one.
pub(super) fn min_bad(trigger: &Trigger) -> Option<f64> {
    match trigger {
        Trigger::Burn { min_bad, .. } if *min_bad > 0.0 => Some(*min_bad),
        _ => None,
    }
}

/// Whether another policy sends alerts of the same name and severity.
pub(super) fn shares_names(slo: &Slo, policy: &Policy) -> bool {
    let alike = |other: &&Policy| other.alert == policy.alert && other.severity == policy.severity;
    slo.policies.iter().filter(alike).count() > 1
}

/// The alert of a policy with this expression; `labels` are what the dialect adds.
pub(super) fn alert(policy: &Policy, expr: String, labels: &BTreeMap<String, String>) -> Rule {
    let mut all = labels.clone();
    all.extend(policy.labels.clone());
    let mut annotations = policy.annotations.clone();
    if !policy.consequence.is_empty() {
        annotations
            .entry("consequence".to_owned())
            .or_insert_with(|| policy.consequence.clone());
    }
    Rule {
        name: policy.alert.clone(),
        is_alert: true,
        expr,
        for_ms: policy.for_ms,
        keep_firing_ms: policy.keep_firing_ms,
        labels: all,
        annotations,
    }
}
