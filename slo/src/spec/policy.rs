//! When somebody is told.

use std::collections::BTreeMap;

/// Something to be told of.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name, that no other policy of the SLO has.
    pub name: String,
    /// The name under which the alert goes out: several policies may share one.
    pub alert: String,
    /// `page`, `ticket` or any other word that receivers know.
    pub severity: String,
    /// What must hold.
    pub trigger: Trigger,
    /// For how long it must hold, in milliseconds.
    pub for_ms: i64,
    /// How long it goes on after that, in milliseconds.
    pub keep_firing_ms: i64,
    /// What follows for people: "freeze releases".
    pub consequence: String,
    /// Labels of the alert, besides those of the SLO.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the alert: templates, as in a rule file.
    pub annotations: BTreeMap<String, String>,
}

/// What must hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// The budget burns too fast: any of the tiers.
    Burn {
        /// A tier holds when both of its windows burn faster than its factor.
        tiers: Vec<BurnTier>,
        /// Fewer bad events than this in a long window are nothing.
        min_bad: f64,
        /// The SLO window, in milliseconds, that the factors are meant for: at another window the tiers' windows stay and
        /// their factors grow with it, so that a tier holds at the same part of the budget. `None`: the factors hold for any.
        scaled_from_ms: Option<i64>,
    },
    /// More than this fraction of the budget is spent.
    Spent(f64),
    /// This fraction of the budget was spent within a while.
    Drop {
        /// The fraction of the budget.
        fraction: f64,
        /// The while, in milliseconds.
        within_ms: i64,
    },
    /// At the present pace nothing is left after this time, in milliseconds.
    ExhaustedWithin(i64),
    /// Less than this fraction of the while was observed.
    Coverage {
        /// The fraction.
        below: f64,
        /// The while, in milliseconds.
        within_ms: i64,
    },
}

/// A pair of windows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnTier {
    /// How many times faster than the target allows.
    pub factor: f64,
    /// The window that must burn, in milliseconds.
    pub long_ms: i64,
    /// The window by which it is still going on, in milliseconds.
    pub short_ms: i64,
}

impl BurnTier {
    /// The factor at an SLO window of this length, where factors are meant for another one.
    pub fn factor_at(&self, window_ms: i64, scaled_from_ms: Option<i64>) -> f64 {
        match scaled_from_ms {
            Some(from_ms) if from_ms != window_ms => {
                self.factor * window_ms as f64 / from_ms.max(1) as f64
            }
            _ => self.factor,
        }
    }
}
