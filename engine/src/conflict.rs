//! Samples that were written again with another value: the later value counts, and somebody should know. Those in the head are found
//! as they are written, those in blocks once the blocks are merged: nobody wants to read blocks on each late sample.

use std::time::{Duration, Instant};

use narthex_model::TimestampMs;

use crate::series_table::SeriesTable;

/// Conflicts of a while are said together in one line of the log.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Conflicting samples of a group commit.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    count: u64,
    /// One of them: series, time, and the value that counts now.
    example: Option<(u32, TimestampMs, f64)>,
}

/// Tells of conflicts, not too often.
#[derive(Debug, Default)]
pub(crate) struct ConflictReport {
    last: Option<Instant>,
    untold: u64,
}

impl Conflicts {
    /// Notes that a sample took the place of another one with its time.
    pub(crate) fn note(&mut self, ordinal: u32, t: TimestampMs, value: f64) {
        self.count += 1;
        self.example.get_or_insert((ordinal, t, value));
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}

impl ConflictReport {
    /// Writes a line to the log, unless there was one a short while ago.
    pub(crate) fn tell(&mut self, conflicts: &Conflicts, series: &SeriesTable) {
        let Some((ordinal, timestamp, value)) = conflicts.example else {
            return;
        };
        self.untold += conflicts.count;
        if self
            .last
            .is_some_and(|last| last.elapsed() < REPORT_INTERVAL)
        {
            return;
        }
        tracing::warn!(
            samples = std::mem::take(&mut self.untold),
            example = %series.labels(ordinal),
            timestamp,
            value,
            "samples were written again with another value, the later one counts: are two senders sending the same series?"
        );
        self.last = Some(Instant::now());
    }
}
