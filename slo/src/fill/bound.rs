//! Bounds of buckets, however they are written.

use std::cmp::Ordering;

/// The label with the upper bound of a bucket.
pub(super) const LE: &str = "le";

/// The upper bound of a bucket, as a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound(f64);

impl Bound {
    /// `None` if it is no number.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bound = text.parse::<f64>().ok().filter(|bound| !bound.is_nan());
        // Zero has no sign.
        bound.map(|bound| Self(bound + 0.0))
    }

    pub(super) fn value(self) -> f64 {
        self.0
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Bound {}
