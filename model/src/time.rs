//! Instants and spans of time.

/// Milliseconds since 1970-01-01T00:00:00Z, negative before it.
pub type TimestampMs = i64;

/// A span of time, start included, end excluded.
///
/// PromQL's windows exclude their start and include their end; they are converted in exactly one file,
/// `promql/src/plan/window.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// First millisecond inside.
    pub start: TimestampMs,
    /// First millisecond after.
    pub end: TimestampMs,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self {
        start: i64::MIN,
        end: i64::MAX,
    };

    /// A range from `start` (included) to `end` (excluded); empty if `end <= start`.
    pub fn new(start: TimestampMs, end: TimestampMs) -> Self {
        Self { start, end }
    }

    /// The range that holds both `first` and `last`.
    pub fn inclusive(first: TimestampMs, last: TimestampMs) -> Self {
        Self {
            start: first,
            end: last.saturating_add(1),
        }
    }

    /// Whether no instant lies inside.
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Whether `t` lies inside.
    pub fn contains(&self, t: TimestampMs) -> bool {
        self.start <= t && t < self.end
    }

    /// Whether some instant lies inside both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The part inside both, possibly empty.
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            start: self.start.max(other.start),
            end: self.end.min(other.end),
        }
    }

    /// The smallest range that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_excluded() {
        let range = TimeRange::new(10, 20);
        assert!(range.contains(10) && !range.contains(20));
        assert!(!range.overlaps(&TimeRange::new(20, 30)));
        assert!(range.overlaps(&TimeRange::inclusive(0, 10)));
        assert!(range.intersection(&TimeRange::new(20, 30)).is_empty());
    }
}
