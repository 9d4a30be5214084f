//! Sums over a whole query.

use serde::{Deserialize, Serialize};

use super::operator::Operator;
use crate::run::Run;

/// What reading will take, over all selectors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EstimatedTotals {
    /// Series.
    pub series: u64,
    /// At most this many samples of them.
    pub samples_max: u64,
    /// Blocks that are read from.
    pub blocks: u64,
    /// Row groups of these.
    pub row_groups: u64,
    /// Pages of these.
    pub pages: u64,
    /// Bytes of these pages.
    pub bytes_read: u64,
    /// Windows of the head that are read from.
    pub head_windows: u64,
}

/// What a query took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActualTotals {
    /// Series that were read.
    pub series: u64,
    /// Samples that were decoded.
    pub samples: u64,
    /// Pages that were fetched.
    pub pages: u64,
    /// Bytes that were read from blocks.
    pub bytes_read: u64,
    /// Parts of files that a cache had.
    pub cache_hits: u64,
    /// Parts of files that a cache lacked.
    pub cache_misses: u64,
    /// Bytes that operators put aside on disk.
    pub spilled_bytes: u64,
    /// Most bytes of memory that the operators had reserved at one time.
    pub memory_peak_bytes: u64,
    /// Series of the answer.
    pub result_series: u64,
    /// Points of the answer.
    pub result_samples: u64,
    /// From the text to the plan, in seconds.
    pub planning_seconds: f64,
    /// While the plan ran.
    pub running_seconds: f64,
    /// From its rows to the answer.
    pub decoding_seconds: f64,
    /// Time spent computing, over all operators and partitions.
    pub operator_seconds: f64,
}

impl EstimatedTotals {
    /// Those of the readers of a plan.
    pub(super) fn of(plan: Option<&Operator>) -> Self {
        let mut totals = Self::default();
        let mut add = |operator: &Operator| {
            let read = |name: &str| operator.estimate.reads.get(name).copied().unwrap_or(0);
            totals.series += read("series");
            totals.samples_max += read("samples");
            totals.blocks += read("blocks");
            totals.row_groups += read("row_groups");
            totals.pages += read("pages");
            totals.bytes_read += read("bytes_read");
            totals.head_windows += read("head_windows");
        };
        if let Some(plan) = plan {
            plan.walk(&mut add);
        }
        totals
    }
}

impl ActualTotals {
    /// Those of a run of a plan.
    pub(super) fn of(run: &Run, plan: Option<&Operator>) -> Self {
        let (series, samples) = run.result_size();
        let mut totals = Self {
            memory_peak_bytes: run.memory_peak_bytes,
            result_series: series,
            result_samples: samples,
            planning_seconds: run.timings.planning.as_secs_f64(),
            running_seconds: run.timings.running.as_secs_f64(),
            decoding_seconds: run.timings.decoding.as_secs_f64(),
            ..Self::default()
        };
        let mut add = |operator: &Operator| {
            let Some(actual) = &operator.actual else {
                return;
            };
            let count = |name: &str| actual.counts.get(name).copied().unwrap_or(0);
            if !operator.estimate.reads.is_empty() {
                totals.series += count("series");
            }
            totals.samples += count("samples");
            totals.pages += count("pages");
            totals.bytes_read += count("bytes_read");
            totals.cache_hits += count("cache_hits");
            totals.cache_misses += count("cache_misses");
            totals.spilled_bytes += count("spilled_bytes");
            totals.operator_seconds += actual.seconds;
        };
        if let Some(plan) = plan {
            plan.walk(&mut add);
        }
        totals
    }
}
