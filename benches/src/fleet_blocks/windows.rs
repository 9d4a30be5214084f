//! Replays a fleet window by window, and gives each series with its samples.
//!
//! A block wants series by labels, a host gives them all at each scrape: the samples of a window are held in memory, or, if they
//! are too many, those of a run of series at a time, and the hosts live through the window once for each run.

use std::thread;

use narthex_datasets::{Fleet, Host};
use narthex_engine::block::SeriesSamples;
use narthex_model::{Result, TimestampMs};

use crate::series::{FleetSeries, SeriesList};

/// Samples that are held at once: half a gigabyte of values.
const SAMPLES_AT_ONCE: u64 = 1 << 26;

/// The hosts at the start of a window.
pub(crate) struct Windows {
    interval_ms: i64,
    /// The start of the window, or no later than the first scrape.
    start_ms: TimestampMs,
    hosts: Vec<Replayed>,
}

/// A host, and its scrapes that are left.
#[derive(Clone)]
struct Replayed {
    host: Host,
    left: usize,
    /// A scrape that belongs to the next window: its time, and its values.
    ahead: Option<(TimestampMs, Vec<f64>)>,
}

/// What a host said in a window, as far as it is wanted.
#[derive(Default)]
struct Recording {
    /// Positions of the series that are wanted.
    wanted: Vec<usize>,
    times: Vec<TimestampMs>,
    /// One for each series that is wanted.
    values: Vec<Vec<f64>>,
}

impl Windows {
    /// Those of `fleet`, from its start on.
    pub(crate) fn new(fleet: &Fleet) -> Self {
        let options = fleet.options();
        let host = |number| Replayed {
            host: fleet.host(number),
            left: options.scrapes,
            ahead: None,
        };
        Self {
            interval_ms: options.interval_ms,
            start_ms: options.start_ms,
            hosts: (0..options.hosts).map(host).collect(),
        }
    }

    /// Gives each series with its samples before `end_ms` to `push`, and moves on to there.
    pub(crate) fn replay(
        &mut self,
        end_ms: TimestampMs,
        series: &SeriesList,
        mut push: impl FnMut(SeriesSamples<'_>) -> Result<()>,
    ) -> Result<()> {
        let scrapes = (end_ms - self.start_ms) / self.interval_ms + 1;
        let at_once = SAMPLES_AT_ONCE / scrapes.max(1).unsigned_abs();
        let mut after = self.hosts.clone();
        for run in series.runs(usize::try_from(at_once).unwrap_or(usize::MAX)) {
            after.clone_from(&self.hosts);
            push_run(run, &record(&mut after, end_ms, run), &mut push)?;
        }
        self.hosts = after;
        self.start_ms = end_ms;
        Ok(())
    }
}

/// Moves all hosts on to `end_ms` and records what `run` wants of them, by host.
fn record(hosts: &mut [Replayed], end_ms: TimestampMs, run: &[FleetSeries]) -> Vec<Recording> {
    let mut recordings: Vec<Recording> = Vec::new();
    recordings.resize_with(hosts.len(), Recording::default);
    for series in run {
        if let Some(recording) = recordings.get_mut(series.host) {
            recording.wanted.push(series.position);
        }
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = hosts.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let shares = hosts.chunks_mut(share).zip(recordings.chunks_mut(share));
        for (hosts, recordings) in shares {
            scope.spawn(move || {
                for (host, recording) in hosts.iter_mut().zip(recordings) {
                    host.record(end_ms, recording);
                }
            });
        }
    });
    recordings
}

/// Gives each series of `run` that has samples to `push`.
fn push_run(
    run: &[FleetSeries],
    recordings: &[Recording],
    push: &mut impl FnMut(SeriesSamples<'_>) -> Result<()>,
) -> Result<()> {
    // A host's series come in the order in which they were wanted.
    let mut next = vec![0; recordings.len()];
    for FleetSeries { labels, host, .. } in run {
        let (Some(recording), Some(next)) = (recordings.get(*host), next.get_mut(*host)) else {
            continue;
        };
        let values = recording.values.get(*next).map_or(&[][..], Vec::as_slice);
        *next += 1;
        if !values.is_empty() {
            push(SeriesSamples {
                labels: labels.as_ref(),
                timestamps: &recording.times,
                values,
            })?;
        }
    }
    Ok(())
}

impl Replayed {
    fn record(&mut self, end_ms: TimestampMs, recording: &mut Recording) {
        recording
            .values
            .resize_with(recording.wanted.len(), Vec::new);
        let mut values = Vec::new();
        while let Some(t) = self.next_scrape(&mut values) {
            if t >= end_ms {
                self.ahead = Some((t, values));
                return;
            }
            recording.push(t, &values);
        }
    }

    /// The time of the next scrape, whose values replace `values`.
    fn next_scrape(&mut self, values: &mut Vec<f64>) -> Option<TimestampMs> {
        if let Some((t, ahead)) = self.ahead.take() {
            *values = ahead;
            return Some(t);
        }
        self.left = self.left.checked_sub(1)?;
        Some(self.host.scrape(values))
    }
}

impl Recording {
    fn push(&mut self, t: TimestampMs, scraped: &[f64]) {
        self.times.push(t);
        for (column, position) in self.values.iter_mut().zip(&self.wanted) {
            column.extend(scraped.get(*position));
        }
    }
}
