//! Puts what a WAL segment holds back into the head: floats many at a time, the rest one by one.

use std::collections::BTreeMap;

use crate::accept::Acceptance;
use crate::checkpoint::Checkpoint;
use crate::exemplars::StoredExemplar;
use crate::head::{Gathered, GatheredRuns};
use crate::limits::{REPLAY_RUN_BYTES_AT_ONCE, REPLAY_SAMPLES_AT_ONCE};
use crate::metadata::MetadataTable;
use crate::series_table::SeriesTable;
use crate::state::State;
use crate::wal::{HistogramEntry, Replayed};

/// See the module.
pub(crate) struct Restorer<'a> {
    state: &'a mut State,
    checkpoint: &'a Checkpoint,
    segment: u64,
    /// Floats that are not in the head yet, by window.
    gathered: BTreeMap<i64, Gathered>,
    samples: usize,
    /// The same of runs.
    runs: BTreeMap<i64, GatheredRuns>,
    run_bytes: usize,
}

impl<'a> Restorer<'a> {
    /// For what is read from segment `segment`.
    pub(crate) fn new(state: &'a mut State, checkpoint: &'a Checkpoint, segment: u64) -> Self {
        Self {
            state,
            checkpoint,
            segment,
            gathered: BTreeMap::new(),
            samples: 0,
            runs: BTreeMap::new(),
            run_bytes: 0,
        }
    }

    /// Takes what stands in the WAL, unless it is in a block. `acceptance` is told of histograms alone: the newest floats are
    /// found more cheaply once all are there.
    pub(crate) fn restore(
        &mut self,
        replayed: Replayed<'_>,
        series: &SeriesTable,
        metadata: &MetadataTable,
        acceptance: &mut Acceptance,
    ) {
        let number = replayed.window(self.state.block_duration_ms);
        if self.checkpoint.through(number) >= self.segment {
            return;
        }
        match replayed {
            Replayed::Floats(run) => {
                let gathered = self.gathered.entry(number).or_default();
                self.samples += run.samples.len();
                gathered.push(run.samples);
                if self.samples >= REPLAY_SAMPLES_AT_ONCE {
                    self.push_gathered();
                }
            }
            Replayed::Runs(runs) => {
                let gathered = self.runs.entry(number).or_default();
                let before = gathered.heap_bytes();
                runs.iter().for_each(|run| gathered.push(&run));
                self.run_bytes += gathered.heap_bytes() - before;
                if self.run_bytes >= REPLAY_RUN_BYTES_AT_ONCE {
                    self.push_gathered();
                }
            }
            Replayed::Histogram(entry) => {
                self.push_histogram(number, &entry);
                acceptance.note(entry.ordinal, entry.timestamp);
            }
            Replayed::Exemplar(entry) => self.state.push_exemplar(StoredExemplar {
                series: series.labels(entry.ordinal),
                timestamp: entry.timestamp,
                labels: entry.labels,
                value: entry.value,
            }),
            Replayed::Metadata(known) => {
                metadata.note(&known);
                self.state.push_metadata(known);
            }
        }
    }

    /// A float and a histogram of a series go to the head in the order they were written: of two at one time the later counts.
    fn push_histogram(&mut self, number: i64, entry: &HistogramEntry<'_>) {
        let gathered = self.gathered.get_mut(&number);
        if gathered.is_some_and(|g| g.has(entry.ordinal)) {
            self.push_gathered();
        }
        self.state.push_histogram(
            entry.ordinal,
            entry.timestamp,
            entry.start,
            &entry.histogram,
        );
    }

    fn push_gathered(&mut self) {
        for (number, gathered) in std::mem::take(&mut self.gathered) {
            if let Some(window) = self.state.window(number) {
                window.push_all(&gathered);
            }
        }
        for (number, mut runs) in std::mem::take(&mut self.runs) {
            if let Some(window) = self.state.window(number) {
                window.adopt(runs.sorted());
            }
        }
        (self.samples, self.run_bytes) = (0, 0);
    }

    /// Puts the rest into the head.
    pub(crate) fn finish(mut self) {
        self.push_gathered();
    }
}
