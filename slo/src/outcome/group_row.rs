//! One group beside the others.

use narthex_model::Labels;

use super::Counts;

/// What one group adds to an SLO.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    /// Which group.
    pub group: Labels,
    /// What was counted, exclusions left out.
    pub counts: Counts,
    /// The fraction that was good, by the SLO's method; `None`: nothing counted.
    pub attained: Option<f64>,
    /// The fraction of its own budget that is left.
    pub remaining: Option<f64>,
    /// The fraction of all that was bad in any group that was bad in this one: rows are sorted by it, worst first.
    pub share: f64,
    /// The fraction of its time that was observed.
    pub coverage: f64,
}
