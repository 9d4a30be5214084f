//! Tables about what is stored: its series and its metrics.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, StringBuilder, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use narthex_engine::{Selection, Snapshot};
use narthex_model::{Matcher, TimeRange};

use crate::error::external;

/// Which system table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Series,
    Metrics,
}

/// A table about what is stored.
pub struct SystemTable {
    snapshot: Snapshot,
    kind: Kind,
    schema: SchemaRef,
}

impl SystemTable {
    /// Names of the system tables.
    pub const NAMES: [&'static str; 2] = ["series", "metrics"];

    /// The system table `name`, if there is one.
    ///
    /// `series`: one row per series with `metric`, `labels` (as PromQL writes them), `id` (the stable 64-bit series id, as
    /// 16 hexadecimal digits) and `samples_max` (it has at most so many). `metrics`: `metric`, `series`, `samples_max`.
    pub fn named(snapshot: Snapshot, name: &str) -> Option<Self> {
        let text = |name| Field::new(name, DataType::Utf8, false);
        let number = |name| Field::new(name, DataType::UInt64, false);
        let (kind, fields) = match name {
            "series" => (
                Kind::Series,
                vec![
                    text("metric"),
                    text("labels"),
                    text("id"),
                    number("samples_max"),
                ],
            ),
            "metrics" => (
                Kind::Metrics,
                vec![text("metric"), number("series"), number("samples_max")],
            ),
            _ => return None,
        };
        Some(Self {
            snapshot,
            kind,
            schema: Arc::new(Schema::new(fields)),
        })
    }

    fn rows(&self) -> Result<RecordBatch> {
        let everything: [Matcher; 0] = [];
        let selection = self
            .snapshot
            .select(&everything, TimeRange::ALL)
            .map_err(external)?;
        let columns = match self.kind {
            Kind::Series => series(&selection),
            Kind::Metrics => metrics(&selection),
        };
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

impl fmt::Debug for SystemTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SystemTable").field(&self.kind).finish()
    }
}

#[async_trait]
impl TableProvider for SystemTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = vec![vec![self.rows()?]];
        let plan =
            MemorySourceConfig::try_new_exec(&rows, self.schema.clone(), projection.cloned())?;
        Ok(plan)
    }
}

fn series(selection: &Selection) -> Vec<ArrayRef> {
    let all = || (0..selection.len()).map(|at| selection.series(at));
    let mut ids = StringBuilder::new();
    for series in all() {
        ids.append_value(format!("{:016x}", series.labels.id()));
    }
    vec![
        Arc::new(StringArray::from_iter_values(
            all().map(|s| s.labels.metric_name()),
        )),
        Arc::new(StringArray::from_iter_values(
            all().map(|s| s.labels.to_string()),
        )),
        Arc::new(ids.finish()),
        Arc::new(UInt64Array::from_iter_values(all().map(|s| s.samples_max))),
    ]
}

/// Series are sorted by their labels, but other labels may come before the name: metrics are counted in a map.
fn metrics(selection: &Selection) -> Vec<ArrayRef> {
    let mut counts = std::collections::BTreeMap::<&str, (u64, u64)>::new();
    for at in 0..selection.len() {
        let series = selection.series(at);
        let (count, samples) = counts.entry(series.labels.metric_name()).or_default();
        *count += 1;
        *samples += series.samples_max;
    }
    vec![
        Arc::new(StringArray::from_iter_values(counts.keys())),
        Arc::new(UInt64Array::from_iter_values(counts.values().map(|c| c.0))),
        Arc::new(UInt64Array::from_iter_values(counts.values().map(|c| c.1))),
    ]
}
