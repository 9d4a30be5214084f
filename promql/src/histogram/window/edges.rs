//! How far growth between the first and last sample of a window is extended to the window's edges.

use super::Window;

/// A gap to the window's edge that is at least this many times the average spacing means that the series began or ended
/// inside the window.
const EDGE_GAP_MAX: f64 = 1.1;

impl Window<'_> {
    /// The factor that extends growth since the counter's start to the window's end.
    pub(super) fn factor_since(&self, start: i64) -> f64 {
        self.factor_from(start, 0.0)
    }

    /// The factor that extends growth between the samples to the whole window. Of a counter, its first value and its growth are
    /// given: it is not extended to before the instant where it would have been zero.
    pub(super) fn factor(&self, counter: Option<(f64, f64)>) -> f64 {
        let first = self.times.first().copied().unwrap_or(self.start);
        let gap = self.edge((first - self.start) as f64 / 1000.0);
        let before = match counter {
            Some((value, grown)) if grown > 0.0 && value >= 0.0 => {
                let to_zero = self.sampled_seconds() * (value / grown);
                if to_zero < gap { to_zero } else { gap }
            }
            _ => gap,
        };
        self.factor_from(first, before)
    }

    fn factor_from(&self, from: i64, before: f64) -> f64 {
        let last = self.times.last().copied().unwrap_or(self.end);
        let after = self.edge((self.end - last) as f64 / 1000.0);
        let sampled = (last - from) as f64 / 1000.0;
        if sampled == 0.0 {
            return 1.0;
        }
        (sampled + before + after) / sampled
    }

    /// How far growth is extended over a gap to the window's edge. In seconds.
    fn edge(&self, gap: f64) -> f64 {
        let spacing = match self.times.len() {
            0 | 1 => 0.0,
            all => self.sampled_seconds() / (all - 1) as f64,
        };
        if gap >= spacing * EDGE_GAP_MAX {
            spacing / 2.0
        } else {
            gap
        }
    }

    fn sampled_seconds(&self) -> f64 {
        match (self.times.first(), self.times.last()) {
            (Some(first), Some(last)) => (last - first) as f64 / 1000.0,
            _ => 0.0,
        }
    }
}
