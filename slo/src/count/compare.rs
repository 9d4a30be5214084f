//! Which samples of a gauge are good.

use crate::spec::Comparison;

/// Whether `value` compares with `with` as it should.
pub(super) fn holds(comparison: Comparison, value: f64, with: f64) -> bool {
    match comparison {
        Comparison::Less => value < with,
        Comparison::LessOrEqual => value <= with,
        Comparison::Greater => value > with,
        Comparison::GreaterOrEqual => value >= with,
        Comparison::Equal => value == with,
    }
}
