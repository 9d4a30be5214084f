//! The physical plan: one node per operator of DataFusion, with its statistics and its metrics.

use std::collections::BTreeMap;

use datafusion::common::stats::Precision;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::{ExecutionPlan, displayable};
use narthex_model::Result;
use narthex_table::{ReadExec, ReadPlan};
use serde::{Deserialize, Serialize};

use super::time::own_seconds;
use crate::error::from_datafusion;
use crate::retaining::window_functions;

/// An operator of the plan that is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// Its kind.
    pub operator: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What was expected of it.
    pub estimate: Estimate,
    /// What it did, if the plan was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Actual>,
    /// Whose rows it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Self>,
}

/// What is known of an operator before it runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Rows that it gives: series, in plans of PromQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Whether they are exactly so many.
    pub exact: bool,
    /// Bytes of memory that they take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What a reader reads: `series`, `samples` (at most), `blocks`, `row_groups`, `pages`, `bytes_read` and `head_windows`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reads: BTreeMap<String, u64>,
}

/// What an operator did, over all partitions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actual {
    /// Rows that it gave: series, in plans of PromQL.
    pub rows: u64,
    /// Batches of them.
    pub batches: u64,
    /// Bytes of memory of these.
    pub bytes: u64,
    /// Time spent computing, without that of its inputs, in seconds.
    pub seconds: f64,
    /// What else was counted and is not 0: of a reader `series`, `samples`, `pages`, `bytes_read`, `cache_hits`, `cache_misses`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
}

/// Describes `plan` and all below it, with what it did if `ran`.
pub(super) fn describe(plan: &dyn ExecutionPlan, ran: bool) -> Result<Operator> {
    // It only lets others run from time to time.
    if let (Some(_), [input]) = (plan.downcast_ref::<CooperativeExec>(), &plan.children()[..]) {
        return describe(input.as_ref(), ran);
    }
    let reader = plan.downcast_ref::<ReadExec>();
    let inputs = match reader {
        // Below it are only lists of what to read.
        Some(_) => Vec::new(),
        None => plan.children(),
    };
    let inputs = inputs
        .into_iter()
        .map(|input| describe(input.as_ref(), ran));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let actual = || {
        let metrics = plan.metrics().unwrap_or_default();
        let seconds = own_seconds(plan, &metrics, &inputs);
        Actual::of(&metrics, seconds)
    };
    Ok(Operator {
        operator: plan.name().to_owned(),
        detail: detail(plan),
        estimate: estimate(plan, reader)?,
        actual: ran.then(actual),
        inputs,
    })
}

/// What DataFusion says of the operator, without its name.
fn detail(plan: &dyn ExecutionPlan) -> String {
    // It would say the types of their results, too.
    if let Some(windows) = window_functions(plan) {
        let names: Vec<_> = windows.iter().map(|w| w.name().to_owned()).collect();
        return format!("wdw=[{}]", names.join(", "));
    }
    let line = displayable(plan).one_line().to_string();
    let detail = line.trim_end().strip_prefix(plan.name()).unwrap_or(&line);
    detail.trim_start_matches([':', ' ']).trim_end().to_owned()
}

fn estimate(plan: &dyn ExecutionPlan, reader: Option<&ReadExec>) -> Result<Estimate> {
    let statistics = StatisticsContext::new().compute(plan, &StatisticsArgs::new());
    let statistics = statistics.map_err(from_datafusion)?;
    let value = |p: &Precision<usize>| p.get_value().map(|v| *v as u64);
    let reads = reader.map(ReadExec::plan).transpose();
    Ok(Estimate {
        rows: value(&statistics.num_rows),
        exact: matches!(statistics.num_rows, Precision::Exact(_)),
        bytes: value(&statistics.total_byte_size),
        reads: reads
            .map_err(from_datafusion)?
            .map_or_else(BTreeMap::new, reads_of),
    })
}

fn reads_of(plan: ReadPlan) -> BTreeMap<String, u64> {
    let estimate = plan.estimate;
    let reads = [
        ("series", plan.series),
        ("samples", plan.samples_max),
        ("blocks", estimate.blocks),
        ("row_groups", estimate.row_groups),
        ("pages", estimate.pages),
        ("bytes_read", estimate.bytes),
        ("head_windows", estimate.head_windows),
    ];
    reads.map(|(name, count)| (name.to_owned(), count)).into()
}

impl Actual {
    fn of(metrics: &MetricsSet, seconds: f64) -> Self {
        let mut actual = Self {
            seconds,
            ..Self::default()
        };
        for metric in metrics.aggregate_by_name().iter() {
            let value = metric.value();
            let count = value.as_usize() as u64;
            match value {
                MetricValue::OutputRows(_) => actual.rows = count,
                MetricValue::OutputBatches(_) => actual.batches = count,
                MetricValue::OutputBytes(_) => actual.bytes = count,
                MetricValue::SpillCount(_)
                | MetricValue::SpilledBytes(_)
                | MetricValue::SpilledRows(_)
                | MetricValue::Count { .. }
                | MetricValue::Gauge { .. }
                | MetricValue::PeakMemoryUsage { .. }
                    if count > 0 =>
                {
                    actual.counts.insert(value.name().to_owned(), count);
                }
                _ => {}
            }
        }
        actual
    }
}

impl Operator {
    /// Calls `visit` for this operator and all below it.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        self.inputs.iter().for_each(|input| input.walk(visit));
    }
}
