//! The randomness of one host: a ChaCha stream, so that it never changes with versions or machines.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[derive(Debug, Clone)]
pub(crate) struct Noise(ChaCha8Rng);

impl Noise {
    /// The stream of host `number` under `seed`.
    pub(crate) fn new(seed: u64, number: usize) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(number as u64);
        Self(stream)
    }

    /// A whole number below `end`, evenly spread; `end` is far below 2^32, so the bias does not matter.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(end)) >> 32) as u32
    }

    /// From 0 (included) to 1 (excluded), evenly spread.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// About a normal variable of mean 0 and deviation 1: the sum of four even ones, from one draw.
    pub(crate) fn normal(&mut self) -> f64 {
        const MEAN: f64 = 4.0 * 65_535.0 / 2.0;
        const DEVIATION: f64 = 37_837.0;
        let bits = self.0.next_u64();
        let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
        (sum as f64 - MEAN) / DEVIATION
    }

    /// A whole number of `mean`, off by `deviation`, never negative; fractions are rounded up as often as they say.
    pub(crate) fn around(&mut self, mean: f64, deviation: f64) -> u64 {
        (mean + deviation * self.normal() + self.unit()).max(0.0) as u64
    }

    /// How many of many independent events happen if `mean` are expected.
    pub(crate) fn count(&mut self, mean: f64) -> u64 {
        if mean < 0.5 {
            return u64::from(self.unit() < mean);
        }
        self.around(mean, mean.sqrt())
    }
}
