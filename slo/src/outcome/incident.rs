//! A stretch of time that cost budget.

use narthex_model::TimeRange;

/// A stretch of time, as long as possible, in which more was bad than the target allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Incident {
    /// When.
    pub span: TimeRange,
    /// What was bad, in the budget's unit.
    pub bad: f64,
    /// The fraction of the window's budget that it cost; above 1 where it cost more than all.
    pub cost: f64,
    /// How many times faster than allowed the budget burnt in the worst slice.
    pub peak_burn: f64,
    /// Whether it goes on up to the end of what is known.
    pub ongoing: bool,
}
