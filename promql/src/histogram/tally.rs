//! Numbers that observations are added to: plain floats, or floats with what rounding lost.

use crate::kernels::sum::Compensated;

/// A number that starts at zero and grows.
pub(crate) trait Tally: Copy + Default {
    /// Adds `v`.
    fn add(&mut self, v: f64);

    /// Adds all of another one.
    fn absorb(&mut self, other: Self);

    /// Whether nothing is in it.
    fn is_zero(self) -> bool;

    /// Applies a linear `f`.
    fn map(&mut self, f: impl Fn(f64) -> f64);

    /// The number, and what is lost with it.
    fn value(self) -> f64;

    /// The number as summed, without what rounding lost.
    fn rounded(self) -> f64;
}

impl Tally for f64 {
    fn add(&mut self, v: f64) {
        *self += v;
    }

    fn absorb(&mut self, other: Self) {
        *self += other;
    }

    fn is_zero(self) -> bool {
        self == 0.0
    }

    fn map(&mut self, f: impl Fn(Self) -> Self) {
        *self = f(*self);
    }

    fn value(self) -> f64 {
        self
    }

    fn rounded(self) -> f64 {
        self
    }
}

impl Tally for Compensated {
    fn add(&mut self, v: f64) {
        Self::add(self, v);
    }

    fn absorb(&mut self, other: Self) {
        Self::add(self, other.sum);
        Self::add(self, other.lost);
    }

    fn is_zero(self) -> bool {
        self.sum == 0.0 && self.lost == 0.0
    }

    fn map(&mut self, f: impl Fn(f64) -> f64) {
        self.sum = f(self.sum);
        self.lost = f(self.lost);
    }

    fn value(self) -> f64 {
        self.total()
    }

    fn rounded(self) -> f64 {
        self.sum
    }
}
