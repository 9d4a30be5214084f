//! What would have been: policies replayed over history, and other targets and windows.
//!
//! [`replay`] gives what a policy would have said, [`Backtest`] judges it by incidents, [`pareto`] finds the policies that no other
//! beats, [`what_if`] the targets that would have been met.

mod judge;
mod pareto;
mod replay;
#[cfg(test)]
mod tests;
mod what_if;

pub use judge::{Backtest, Detection, judge};
pub use pareto::{Trade, pareto};
pub use replay::{Firing, replay};
pub use what_if::{Attained, WhatIf, what_if};
