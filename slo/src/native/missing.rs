//! What absent data mean, in our own format.

use narthex_settings::Node;

use super::value::fraction;
use crate::spec::{Absent, FirstSample, Missing};

/// What every slice without events may count as.
pub(super) const ABSENT: [(&str, Absent); 4] = [
    ("exclude", Absent::Exclude),
    ("good", Absent::Good),
    ("bad", Absent::Bad),
    ("hold", Absent::Hold),
];

/// What a first sample may count.
pub(super) const FIRST_SAMPLE: [(&str, FirstSample); 2] =
    [("zero", FirstSample::Zero), ("ignore", FirstSample::Ignore)];

/// The value of `missing`.
pub(super) fn read(node: Option<&Node<'_>>) -> Option<Missing> {
    let mut missing = Missing::default();
    let Some(node) = node else {
        return Some(missing);
    };
    let keys = node.keys(&["no_traffic", "no_data", "coverage_floor", "first_sample"])?;
    if let Some(node) = keys.get("no_traffic") {
        missing.no_traffic = node.one_of(&ABSENT)?;
    }
    if let Some(node) = keys.get("no_data") {
        missing.no_data = node.one_of(&ABSENT)?;
    }
    if let Some(node) = keys.get("coverage_floor") {
        missing.coverage_floor = fraction(&node)?;
    }
    if let Some(node) = keys.get("first_sample") {
        missing.first_sample = node.one_of(&FIRST_SAMPLE)?;
    }
    Some(missing)
}
