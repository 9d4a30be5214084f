//! How often a series is sampled, as far as its samples tell.

use narthex_model::TimestampMs;

/// So many distances are looked at to learn what is usual.
const LOOKED_AT: usize = 9;

/// A series sampled more rarely than this has gaps, whatever is usual.
const LONGEST_MS: i64 = 3_600_000;

/// The usual distance of samples, which may change on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    usual: i64,
    /// Distances from this one on, and no longer than `width` above it, are as usual.
    shortest: i64,
    width: u64,
}

impl Interval {
    /// What is usual among the first of `timestamps`.
    pub(super) fn learn(timestamps: &[TimestampMs]) -> Self {
        Self::of(median(timestamps).unwrap_or(LONGEST_MS))
    }

    fn of(usual: i64) -> Self {
        let usual = usual.min(LONGEST_MS);
        let shortest = (usual / 2).max(1);
        Self {
            usual,
            shortest,
            width: (usual + usual / 2 - shortest).unsigned_abs(),
        }
    }

    /// Whether samples so far apart are as usual; never if they are in the wrong order.
    #[inline]
    pub(super) fn is_usual(self, distance: i64) -> bool {
        (distance.wrapping_sub(self.shortest) as u64) <= self.width
    }

    /// How far samples are apart, as a rule.
    pub(super) fn usual(self) -> i64 {
        self.usual
    }

    /// Whether time is missing between samples that are an unusual `distance` apart. `rest` are the times from the later one
    /// on: if they go on at another pace, that is the usual one from now on.
    pub(super) fn is_gap(&mut self, distance: i64, rest: &[TimestampMs]) -> bool {
        let next = median(rest).filter(|_| rest.len() > 3);
        if let Some(next) = next.filter(|next| !self.is_usual(*next)) {
            *self = Self::of(next);
        }
        distance > self.usual + self.usual / 2
    }
}

/// The middle one of the first distances.
fn median(timestamps: &[TimestampMs]) -> Option<i64> {
    let mut distances = [0; LOOKED_AT];
    let mut len = 0;
    let pairs = timestamps.windows(2).map(|pair| pair[1] - pair[0]);
    for distance in pairs.filter(|d| *d > 0).take(LOOKED_AT) {
        distances[len] = distance;
        len += 1;
    }
    let seen = &mut distances[..len];
    seen.sort_unstable();
    seen.get((len.max(1) - 1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_and_learns_anew() {
        let mut interval = Interval::learn(&[0, 15, 30, 300, 315, 330]);
        assert_eq!(interval.usual(), 15);
        assert!(interval.is_usual(16) && !interval.is_usual(30) && !interval.is_usual(0));
        assert!(interval.is_gap(30, &[330, 345, 360, 375]));
        assert!(!interval.is_gap(60, &[330, 390, 450, 510]), "another pace");
        assert_eq!(interval.usual(), 60);
        assert!(!interval.is_gap(15, &[330, 345, 360, 375]));
        assert_eq!(interval.usual(), 15);
    }

    #[test]
    fn one_sample_tells_nothing() {
        assert_eq!(Interval::learn(&[5]).usual(), LONGEST_MS);
    }
}
