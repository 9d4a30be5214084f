//! What the keeping of ledgers tells of itself.

use std::time::Duration;

use narthex_model::{Counter, Gauge, Reading, ReadingKind};
use narthex_slo::keep::Upkeep;

use super::kept::Kept;

/// Numbers of all rounds.
#[derive(Debug, Default)]
pub(super) struct KeeperMetrics {
    rounds: Counter,
    samples: Counter,
    late: Counter,
    last_seconds: Gauge,
}

impl KeeperMetrics {
    pub(super) fn counted(&self, done: &Upkeep) {
        self.samples.add(done.samples);
    }

    #[cfg(test)]
    pub(super) fn rounds(&self) -> f64 {
        self.rounds.get()
    }

    #[cfg(test)]
    pub(super) fn samples_read(&self) -> f64 {
        self.samples.get()
    }

    pub(super) fn late(&self, spans: usize) {
        self.late.add(spans as u64);
    }

    pub(super) fn round(&self, took: Duration) {
        self.rounds.add(1);
        self.last_seconds.set(took.as_secs_f64());
    }

    pub(super) fn readings(&self) -> Vec<Reading> {
        let reading = |name, help, kind, value| Reading {
            name,
            help,
            kind,
            labels: Vec::new(),
            value,
        };
        vec![
            reading(
                "narthex_slo_rounds_total",
                "Rounds in which ledgers of SLOs were brought up to date",
                ReadingKind::Counter,
                self.rounds.get(),
            ),
            reading(
                "narthex_slo_samples_read_total",
                "About how many samples were read for ledgers of SLOs",
                ReadingKind::Counter,
                self.samples.get(),
            ),
            reading(
                "narthex_slo_late_spans_total",
                "Spans of time that changed after they were over, and were counted anew",
                ReadingKind::Counter,
                self.late.get(),
            ),
            reading(
                "narthex_slo_last_round_duration_seconds",
                "How long the last round took",
                ReadingKind::Gauge,
                self.last_seconds.get(),
            ),
        ]
    }
}

/// What there is to tell of the ledger of one SLO.
pub(super) fn of_ledger(kept: &Kept) -> Vec<Reading> {
    if kept.is_composite() {
        return Vec::new();
    }
    let seen = kept.seen();
    let reading = |name, help, value| Reading {
        name,
        help,
        kind: ReadingKind::Gauge,
        labels: vec![("slo", kept.slo().id.clone())],
        value,
    };
    let mut readings = vec![
        reading(
            "narthex_slo_ledger_filled_ratio",
            "The part of the slices of an SLO that were counted: below 1 while its history is",
            kept.progress(),
        ),
        reading(
            "narthex_slo_ledger_failing",
            "1 while the ledger of an SLO cannot be brought up to date",
            f64::from(u8::from(seen.error.is_some())),
        ),
    ];
    readings.extend(seen.watermark.map(|watermark| {
        reading(
            "narthex_slo_ledger_watermark_seconds",
            "Up to when an SLO was counted",
            watermark as f64 / 1000.0,
        )
    }));
    readings
}
