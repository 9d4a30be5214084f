//! What rules tell of themselves, under Prometheus' names.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

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
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64
    }
}

/// A number that may fall.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicU64);

impl Gauge {
    pub(crate) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// How many durations a quantile is taken of.
const RECENT_MAX: usize = 1000;

/// Durations: how many, how long in all, and quantiles of the last ones.
#[derive(Debug, Default)]
pub(crate) struct Summary(Mutex<Observed>);

#[derive(Debug, Default)]
struct Observed {
    count: u64,
    sum: Duration,
    recent: VecDeque<Duration>,
}

impl Summary {
    pub(crate) fn observe(&self, duration: Duration) {
        let mut observed = self.0.lock();
        observed.count += 1;
        observed.sum += duration;
        if observed.recent.len() == RECENT_MAX {
            observed.recent.pop_front();
        }
        observed.recent.push_back(duration);
    }

    pub(crate) fn read(
        &self,
        names: [&'static str; 3],
        help: &'static str,
        quantiles: &[f64],
    ) -> Vec<Reading> {
        let observed = self.0.lock();
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
}

/// What is counted over all groups.
#[derive(Debug, Default)]
pub struct Metrics {
    pub(super) rule_duration: Summary,
    pub(super) group_duration: Summary,
    pub(super) expansions: Counter,
    pub(super) expansion_failures: Counter,
}

impl Metrics {
    /// All numbers.
    pub fn read(&self) -> Vec<Reading> {
        const RULE: [&str; 3] = [
            "prometheus_rule_evaluation_duration_seconds",
            "prometheus_rule_evaluation_duration_seconds_sum",
            "prometheus_rule_evaluation_duration_seconds_count",
        ];
        const GROUP: [&str; 3] = [
            "prometheus_rule_group_duration_seconds",
            "prometheus_rule_group_duration_seconds_sum",
            "prometheus_rule_group_duration_seconds_count",
        ];
        let counter = |name, help, counter: &Counter| Reading {
            name,
            help,
            kind: ReadingKind::Counter,
            labels: Vec::new(),
            value: counter.get(),
        };
        let mut readings = self.rule_duration.read(
            RULE,
            "The duration for a rule to execute.",
            &[0.5, 0.9, 0.99],
        );
        readings.extend(self.group_duration.read(
            GROUP,
            "The duration of rule group evaluations.",
            &[0.01, 0.05, 0.5, 0.9, 0.99],
        ));
        readings.push(counter(
            "prometheus_template_text_expansions_total",
            "The total number of template text expansions.",
            &self.expansions,
        ));
        readings.push(counter(
            "prometheus_template_text_expansion_failures_total",
            "The total number of template text expansion failures.",
            &self.expansion_failures,
        ));
        readings
    }
}

/// What is counted of one group.
#[derive(Debug, Default)]
pub(crate) struct GroupMetrics {
    pub(super) iterations: Counter,
    pub(super) missed: Counter,
    pub(super) evaluations: Counter,
    pub(super) failures: Counter,
    pub(super) interval_seconds: Gauge,
    pub(super) last_evaluation_seconds: Gauge,
    pub(super) last_duration_seconds: Gauge,
    pub(super) last_restore_seconds: Gauge,
    pub(super) rules: Gauge,
    pub(super) samples: Gauge,
}

impl GroupMetrics {
    /// All numbers of the group that is known as `file;name`.
    pub(super) fn read(&self, key: &str) -> Vec<Reading> {
        let reading = |kind| {
            move |(name, help, value): (&'static str, &'static str, f64)| Reading {
                name,
                help,
                kind,
                labels: vec![("rule_group", key.to_owned())],
                value,
            }
        };
        let counters = [
            (
                "prometheus_rule_group_iterations_total",
                "The total number of scheduled rule group evaluations, whether executed or missed.",
                self.iterations.get(),
            ),
            (
                "prometheus_rule_group_iterations_missed_total",
                "The total number of rule group evaluations missed due to slow rule group evaluation.",
                self.missed.get(),
            ),
            (
                "prometheus_rule_evaluations_total",
                "The total number of rule evaluations.",
                self.evaluations.get(),
            ),
            (
                "prometheus_rule_evaluation_failures_total",
                "The total number of rule evaluation failures.",
                self.failures.get(),
            ),
        ];
        let gauges = [
            (
                "prometheus_rule_group_interval_seconds",
                "The interval of a rule group.",
                self.interval_seconds.get(),
            ),
            (
                "prometheus_rule_group_last_evaluation_timestamp_seconds",
                "The timestamp of the last rule group evaluation in seconds.",
                self.last_evaluation_seconds.get(),
            ),
            (
                "prometheus_rule_group_last_duration_seconds",
                "The duration of the last rule group evaluation.",
                self.last_duration_seconds.get(),
            ),
            (
                "prometheus_rule_group_last_restore_duration_seconds",
                "The duration of the last alert rules alerts restoration using the `ALERTS_FOR_STATE` series.",
                self.last_restore_seconds.get(),
            ),
            (
                "prometheus_rule_group_rules",
                "The number of rules.",
                self.rules.get(),
            ),
            (
                "prometheus_rule_group_last_evaluation_samples",
                "The number of samples returned during the last rule group evaluation.",
                self.samples.get(),
            ),
        ];
        let counters = counters.into_iter().map(reading(ReadingKind::Counter));
        counters
            .chain(gauges.into_iter().map(reading(ReadingKind::Gauge)))
            .collect()
    }
}
