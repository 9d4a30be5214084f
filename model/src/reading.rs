//! Numbers that a part tells of itself, for whoever shows them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A number to be exposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The metric's name.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// How it behaves.
    pub kind: ReadingKind,
    /// Its labels.
    pub labels: Vec<(&'static str, String)>,
    /// The number.
    pub value: f64,
}

/// How a number behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadingKind {
    /// It only grows.
    Counter,
    /// It may fall.
    Gauge,
    /// A quantile, the `_sum` or the `_count` of a summary.
    Summary,
}

/// A count.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts so many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64
    }
}

/// A number that may fall.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// From now on it is `value`.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// What it is.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// How many durations a quantile is taken of.
const RECENT_MAX: usize = 1000;

/// Durations: how many, how long in all, and quantiles of the last ones.
#[derive(Debug, Default)]
pub struct Summary(Mutex<Observed>);

#[derive(Debug, Default)]
struct Observed {
    count: u64,
    sum: Duration,
    recent: VecDeque<Duration>,
}

impl Summary {
    /// Takes note of one.
    pub fn observe(&self, duration: Duration) {
        let mut observed = self.lock();
        observed.count += 1;
        observed.sum += duration;
        if observed.recent.len() == RECENT_MAX {
            observed.recent.pop_front();
        }
        observed.recent.push_back(duration);
    }

    /// The numbers of the summary, of its sum and of its count, which are called so.
    pub fn read(
        &self,
        names: [&'static str; 3],
        help: &'static str,
        quantiles: &[f64],
    ) -> Vec<Reading> {
        let observed = self.lock();
        let mut sorted: Vec<_> = observed.recent.iter().copied().collect();
        sorted.sort_unstable();
        let reading = |name, labels, value| Reading {
            name,
            help,
            kind: ReadingKind::Summary,
            labels,
            value,
        };
        let [name, sum, count] = names;
        let mut readings: Vec<_> = quantiles
            .iter()
            .map(|quantile| {
                let rank = (quantile * sorted.len() as f64) as usize;
                let at = rank.min(sorted.len().saturating_sub(1));
                let value = sorted.get(at).map_or(f64::NAN, Duration::as_secs_f64);
                reading(name, vec![("quantile", quantile.to_string())], value)
            })
            .collect();
        readings.push(reading(sum, Vec::new(), observed.sum.as_secs_f64()));
        readings.push(reading(count, Vec::new(), observed.count as f64));
        readings
    }

    fn lock(&self) -> MutexGuard<'_, Observed> {
        // Whoever panicked has at worst left one of the durations out.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
