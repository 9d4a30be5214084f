//! What spent the budget.

use std::fmt;

/// What the groups with one value of a label spent, together.
#[derive(Debug, Clone, PartialEq)]
pub struct Spender {
    /// The label.
    pub label: String,
    /// Its value; empty: the groups without the label.
    pub value: String,
    /// Bad events, exclusions left out.
    pub bad: f64,
    /// All events, exclusions left out.
    pub total: f64,
    /// The fraction of all bad events.
    pub bad_share: f64,
    /// The fraction of all events.
    pub total_share: f64,
}

impl Spender {
    /// The fraction of its events that was good; `None`: there were none.
    pub fn attained(&self) -> Option<f64> {
        (self.total > 0.0).then(|| 1.0 - self.bad / self.total)
    }
}

/// As PromQL would select it.
impl fmt::Display for Spender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}", self.label, self.value)
    }
}
