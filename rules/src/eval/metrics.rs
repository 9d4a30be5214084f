//! What rules tell of themselves, under Prometheus' names.

use narthex_model::{Counter, Gauge, Reading, ReadingKind, Summary};

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
