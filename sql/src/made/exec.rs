//! The operator that has rows of a table made, on a thread of its own.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput,
};
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures::StreamExt;
use narthex_table::external;

use super::{MadeTable, Wanted};

/// Batches that are made before somebody takes them.
const AHEAD: usize = 2;

/// Makes the rows of a table that are wanted.
pub(super) struct MadeExec {
    table: Arc<dyn MadeTable>,
    wanted: Wanted,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl MadeExec {
    pub(super) fn new(table: Arc<dyn MadeTable>, wanted: Wanted) -> Result<Self> {
        let schema = Arc::new(table.schema().project(&wanted.columns)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            table,
            wanted,
            schema,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl fmt::Debug for MadeExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeExec")
            .field("table", &self.table.name())
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for MadeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.schema.fields().iter();
        let columns: Vec<_> = columns.map(|field| field.name().as_str()).collect();
        let (table, wanted) = (self.table.name(), &self.wanted);
        write!(
            f,
            "MadeExec: {table}, {wanted}, columns=[{}]",
            columns.join(", ")
        )
    }
}

impl ExecutionPlan for MadeExec {
    fn name(&self) -> &str {
        "MadeExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut stream = RecordBatchReceiverStream::builder(self.schema.clone(), AHEAD);
        let (table, wanted, taker) = (self.table.clone(), self.wanted.clone(), stream.tx());
        stream.spawn_blocking(move || {
            for batch in table.rows(wanted).map_err(external)? {
                if taker.blocking_send(batch.map_err(external)).is_err() {
                    break; // Nobody wants more.
                }
            }
            Ok(())
        });
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let rows = stream.build();
        let rows = rows.map(move |rows| rows.record_output(&metrics));
        let stream = RecordBatchStreamAdapter::new(self.schema.clone(), rows);
        Ok(Box::pin(stream))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
