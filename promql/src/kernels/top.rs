//! The best few of many points, and of equal ones those that Prometheus keeps.
//!
//! That depends on how its heap moves elements, so this is the same heap: a new element is pushed to the end and rises while it
//! is worse than its parent; a better one replaces the worst and sinks to the worse child, the left one of equals.

/// The best points so far.
pub(crate) struct Top {
    /// Whether a value is worse than another. NaN is worse than anything.
    worse: fn(f64, f64) -> bool,
    size: usize,
    /// The worst comes first.
    heap: Vec<(usize, f64)>,
}

impl Top {
    /// Keeps the largest values.
    pub(crate) fn largest() -> Self {
        Self::of(|a, b| a.is_nan() || a < b)
    }

    /// Keeps the smallest values.
    pub(crate) fn smallest() -> Self {
        Self::of(|a, b| a.is_nan() || a > b)
    }

    /// Keeps the values that come first.
    pub(crate) fn first() -> Self {
        Self::of(|_, _| false)
    }

    fn of(worse: fn(f64, f64) -> bool) -> Self {
        Self {
            worse,
            size: 0,
            heap: Vec::new(),
        }
    }

    /// Forgets all points; from now on keeps `size` of them.
    pub(crate) fn restart(&mut self, size: usize) {
        self.size = size;
        self.heap.clear();
    }

    /// One more point.
    pub(crate) fn offer(&mut self, row: usize, v: f64) {
        if self.heap.len() < self.size {
            self.heap.push((row, v));
            self.rise();
        } else if let Some(worst) = self.heap.first_mut()
            && (self.worse)(worst.1, v)
            && !v.is_nan()
        {
            *worst = (row, v);
            self.sink();
        }
    }

    /// The rows and values kept.
    pub(crate) fn kept(&self) -> &[(usize, f64)] {
        &self.heap
    }

    fn is_worse(&self, a: usize, b: usize) -> bool {
        (self.worse)(self.heap[a].1, self.heap[b].1)
    }

    fn rise(&mut self) {
        let mut at = self.heap.len() - 1;
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.is_worse(at, parent) {
                return;
            }
            self.heap.swap(at, parent);
            at = parent;
        }
    }

    fn sink(&mut self) {
        let mut at = 0;
        loop {
            let left = 2 * at + 1;
            if left >= self.heap.len() {
                return;
            }
            let right_is_worse = left + 1 < self.heap.len() && self.is_worse(left + 1, left);
            let child = left + usize::from(right_is_worse);
            if !self.is_worse(child, at) {
                return;
            }
            self.heap.swap(at, child);
            at = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(mut top: Top, size: usize, values: &[f64]) -> Vec<(usize, f64)> {
        top.restart(size);
        values
            .iter()
            .enumerate()
            .for_each(|(row, v)| top.offer(row, *v));
        let mut kept = top.kept().to_vec();
        kept.sort_by_key(|(row, _)| *row);
        kept
    }

    #[test]
    fn ties_and_nan() {
        let rows = |top, size, values: &[f64]| -> Vec<usize> {
            kept(top, size, values)
                .into_iter()
                .map(|(row, _)| row)
                .collect()
        };
        assert_eq!(rows(Top::largest(), 1, &[1.0, 1.0, f64::NAN]), [0]);
        assert_eq!(rows(Top::largest(), 2, &[1.0, 1.0, 1.0, 2.0]), [1, 3]);
        assert_eq!(rows(Top::smallest(), 2, &[f64::NAN, f64::NAN, 3.0]), [0, 2]);
        assert_eq!(rows(Top::first(), 2, &[1.0, 0.0, 2.0, -1.0]), [0, 1]);
        assert_eq!(rows(Top::largest(), 0, &[1.0]), [0_usize; 0]);
    }

    proptest! {
        #[test]
        fn the_best_values(values in prop::collection::vec(-9_i32..9, 0..40), size in 0_usize..12) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let mut best = values.clone();
            best.sort_by(|a, b| b.total_cmp(a));
            best.truncate(size);
            let mut found: Vec<_> = kept(Top::largest(), size, &values).into_iter().map(|(_, v)| v).collect();
            found.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(found, best);
        }
    }
}
