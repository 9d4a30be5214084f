//! Statistics of one query, in Prometheus' terms.

use std::time::Duration;

use narthex_model::TimestampMs;
use narthex_promql::QueryPlan;

use crate::run::Run;

/// Bytes of a sample in memory.
const SAMPLE_BYTES: u64 = 16;

/// What a query took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryStats {
    /// From the text to the plan.
    pub preparation: Duration,
    /// While the plan ran and its rows became the answer.
    pub evaluation: Duration,
    /// Samples that each step looks at, over all selectors. What lies in the windows of several steps counts for each.
    pub samples_per_step: Vec<(TimestampMs, u64)>,
    /// As many samples as fit into the memory that was reserved at the fullest moment.
    pub samples_peak: u64,
}

impl QueryStats {
    /// Those of a run of `plan`.
    pub(crate) fn of(plan: &QueryPlan, run: &Run) -> Self {
        Self {
            preparation: run.timings.planning,
            evaluation: run.timings.running + run.timings.decoding,
            samples_per_step: plan.samples_per_step(),
            samples_peak: run.memory_peak_bytes.div_ceil(SAMPLE_BYTES),
        }
    }

    /// Samples that all steps look at.
    pub fn samples(&self) -> u64 {
        self.samples_per_step.iter().map(|(_, count)| count).sum()
    }
}
