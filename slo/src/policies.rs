//! Policies that are known by a name.

use std::collections::BTreeMap;

use crate::spec::{BurnTier, Policy, Trigger, complement};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

/// The name of alerts that have no other.
pub const ALERT: &str = "ErrorBudgetBurn";

/// The names of all.
pub const NAMES: &[&str] = &["google-30d", "pyrra", "elastic", "budget"];

/// The policies of a name, for an SLO window of this length in milliseconds.
pub fn built_in(name: &str, window_ms: i64) -> Option<Vec<Policy>> {
    match name {
        "google-30d" => Some(google()),
        "pyrra" => Some(pyrra(window_ms).into()),
        "elastic" => Some(elastic().into()),
        "budget" => Some(budget().into()),
        _ => None,
    }
}

fn tier(factor: f64, long_ms: i64, short_ms: i64) -> BurnTier {
    BurnTier {
        factor,
        long_ms,
        short_ms,
    }
}

/// A policy of this name and severity, all else as usual.
pub fn policy(name: &str, severity: &str, trigger: Trigger) -> Policy {
    Policy {
        name: name.to_owned(),
        alert: ALERT.to_owned(),
        severity: severity.to_owned(),
        trigger,
        for_ms: 0,
        keep_firing_ms: 0,
        consequence: String::new(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
    }
}

fn burn(tiers: Vec<BurnTier>, scaled_from_ms: Option<i64>) -> Trigger {
    Trigger::Burn {
        tiers,
        min_bad: 0.0,
        scaled_from_ms,
    }
}

/// Several windows and burn rates, as Google's workbook on reliability has them and Sloth after it: 2 % of the budget in an hour and
/// 5 % in six page; 10 % in a day and 10 % in three make a ticket.
pub fn google() -> Vec<Policy> {
    let page = vec![
        tier(14.4, HOUR_MS, 5 * MINUTE_MS),
        tier(6.0, 6 * HOUR_MS, 30 * MINUTE_MS),
    ];
    let ticket = vec![
        tier(3.0, DAY_MS, 2 * HOUR_MS),
        tier(1.0, 3 * DAY_MS, 6 * HOUR_MS),
    ];
    vec![
        policy("page", "page", burn(page, Some(30 * DAY_MS))),
        policy("ticket", "ticket", burn(ticket, Some(30 * DAY_MS))),
    ]
}

/// As Pyrra has them: windows that grow with that of the SLO, of which 28 days are the measure, to the minute.
pub fn pyrra(window_ms: i64) -> [Policy; 4] {
    // Halves up; and never less than a minute, where Pyrra's rules become invalid.
    let part = |of_28_days_ms: i64| {
        let ms = i128::from(window_ms) * i128::from(of_28_days_ms) / i128::from(28 * DAY_MS);
        let minute = i128::from(MINUTE_MS);
        let minutes = ((ms + minute / 2) / minute).max(1);
        i64::try_from(minutes * minute).unwrap_or(i64::MAX)
    };
    let of = |name, severity, factor, long, short, hold| Policy {
        for_ms: part(hold),
        ..policy(
            name,
            severity,
            burn(vec![tier(factor, part(long), part(short))], None),
        )
    };
    let (minute, hour, day) = (MINUTE_MS, HOUR_MS, DAY_MS);
    [
        of("fast-burn", "critical", 14.0, hour, 5 * minute, 2 * minute),
        of(
            "medium-burn",
            "critical",
            7.0,
            6 * hour,
            30 * minute,
            15 * minute,
        ),
        of("slow-burn", "warning", 2.0, day, 2 * hour, hour),
        of(
            "long-term-burn",
            "warning",
            1.0,
            4 * day,
            6 * hour,
            3 * hour,
        ),
    ]
}

/// How long nothing must be seen until Pyrra says so: as long as a total outage takes to set off its fastest alert.
pub fn pyrra_absent_ms(window_ms: i64, target: f64) -> i64 {
    let [fastest, ..] = pyrra(window_ms);
    let Trigger::Burn { tiers, .. } = &fastest.trigger else {
        return fastest.for_ms;
    };
    let burns = tiers
        .first()
        .map_or(0.0, |tier| tier.factor * tier.long_ms as f64);
    let minutes = (burns * complement(target) + fastest.for_ms as f64) / MINUTE_MS as f64;
    (minutes.round().max(1.0) as i64).saturating_mul(MINUTE_MS)
}

fn elastic() -> [Policy; 4] {
    let of = |severity, factor, long, short| {
        let tiers = vec![tier(factor, long, short)];
        policy(severity, severity, burn(tiers, Some(30 * DAY_MS)))
    };
    [
        of("critical", 14.4, HOUR_MS, 5 * MINUTE_MS),
        of("high", 6.0, 6 * HOUR_MS, 30 * MINUTE_MS),
        of("medium", 3.0, DAY_MS, 2 * HOUR_MS),
        of("low", 1.0, 3 * DAY_MS, 6 * HOUR_MS),
    ]
}

fn budget() -> [Policy; 4] {
    let of = |percent: u32, severity, consequence: &str| Policy {
        alert: "ErrorBudgetSpent".to_owned(),
        consequence: consequence.to_owned(),
        ..policy(
            &format!("spent-{percent}"),
            severity,
            Trigger::Spent(f64::from(percent) / 100.0),
        )
    };
    [
        of(
            50,
            "info",
            "half of the budget is spent: look at what spends it",
        ),
        of(
            75,
            "ticket",
            "a quarter of the budget is left: reliability goes first",
        ),
        of(
            90,
            "ticket",
            "a tenth of the budget is left: only careful releases",
        ),
        of(100, "page", "the budget is spent: freeze releases"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pyrra_windows_grow_with_the_window() {
        let show = |window_ms| {
            let policies = pyrra(window_ms);
            let tiers = policies.iter().filter_map(|policy| match &policy.trigger {
                Trigger::Burn { tiers, .. } => tiers.first().map(|t| (policy.for_ms, t)),
                _ => None,
            });
            let minutes =
                tiers.map(|(hold, t)| [hold, t.short_ms, t.long_ms].map(|ms| ms / MINUTE_MS));
            minutes.collect::<Vec<_>>()
        };
        let whole = [[2, 5, 60], [15, 30, 360], [60, 120, 1440], [180, 360, 5760]];
        assert_eq!(show(28 * DAY_MS), whole);
        assert_eq!(show(14 * DAY_MS).first(), Some(&[1, 3, 30]));
        assert_eq!(show(HOUR_MS).first(), Some(&[1, 1, 1]));
    }

    #[test]
    fn every_name_is_known() {
        for name in NAMES {
            assert!(built_in(name, 30 * DAY_MS).is_some_and(|all| !all.is_empty()));
        }
    }
}
