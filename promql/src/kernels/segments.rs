//! Samples between the places where windows begin or end.
//!
//! Windows that overlap are made of the same segments, so what can be put together from parts is computed once per segment,
//! in a loop without branches, and then per window from a few segments.

/// Windows may be made of so many segments at most, on average; with more another way is better.
const SEGMENTS_PER_WINDOW_MAX: usize = 48;

/// Where segments begin and end, and which each window is made of.
pub(crate) struct Segments {
    cuts: Vec<u32>,
    /// Per step, a range of segments.
    windows: Vec<(u32, u32)>,
}

impl Segments {
    /// The segments of windows with these `bounds`, of which neither end goes back; none if there would be too many.
    pub(super) fn lay(bounds: &[(u32, u32)]) -> Option<Self> {
        let filled = || bounds.iter().filter(|(lo, hi)| lo < hi);
        let mut cuts: Vec<u32> = filled().flat_map(|(lo, hi)| [*lo, *hi]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let (mut from, mut to, mut all) = (0, 0, 0);
        let mut place = |(lo, hi): &(u32, u32)| {
            if lo == hi {
                return (0, 0);
            }
            let seek = |at: &mut usize, cut| {
                while cuts.get(*at).is_some_and(|c| *c < cut) {
                    *at += 1;
                }
            };
            seek(&mut from, *lo);
            seek(&mut to, *hi);
            all += to - from;
            (from as u32, to as u32)
        };
        let windows: Vec<_> = bounds.iter().map(&mut place).collect();
        (all <= windows.len() * SEGMENTS_PER_WINDOW_MAX).then_some(Self { cuts, windows })
    }

    /// Gives `f` the fold of every filled window of `values`, in order. `fold` must not care how its arguments are grouped, and
    /// `start` must change nothing.
    pub(super) fn fold(
        &self,
        values: &[f64],
        start: f64,
        fold: impl Fn(f64, f64) -> f64,
        mut f: impl FnMut(usize, f64),
    ) {
        let pairs = self.cuts.windows(2);
        let segment = |pair: &[u32]| values[pair[0] as usize..pair[1] as usize].iter();
        let folds = pairs.map(|pair| segment(pair).fold(start, |a, v| fold(a, *v)));
        let folds: Vec<f64> = folds.collect();
        for (step, (from, to)) in self.windows.iter().enumerate() {
            if from < to {
                let parts = folds[*from as usize..*to as usize].iter();
                f(step, parts.fold(start, |a, v| fold(a, *v)));
            }
        }
    }
}
