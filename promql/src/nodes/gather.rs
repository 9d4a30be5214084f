//! A node that gathers the rows of several plans and makes rows of them.
//!
//! It is a table whose scan plans and runs the inputs, so that it fits into any logical plan and any session.

use std::fmt::{self, Debug};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures::{StreamExt, TryStreamExt, stream};

/// What becomes of the rows.
pub(crate) trait Combine: Debug + Send + Sync {
    /// The node's name in plans.
    fn name(&self) -> &'static str;

    /// Columns of the result.
    fn schema(&self) -> SchemaRef;

    /// The result, from all rows of each input in turn.
    fn combine(&self, inputs: &[RecordBatch]) -> Result<RecordBatch>;
}

/// The node as a table.
#[derive(Debug)]
pub(crate) struct GatherTable {
    pub(crate) inputs: Vec<LogicalPlan>,
    pub(crate) combine: Arc<dyn Combine>,
}

#[async_trait]
impl TableProvider for GatherTable {
    fn schema(&self) -> SchemaRef {
        self.combine.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for plan in &self.inputs {
            inputs.push(state.create_physical_plan(plan).await?);
        }
        let exec = GatherExec::new(inputs, self.combine.clone(), projection.cloned())?;
        Ok(Arc::new(exec))
    }
}

/// The node as an operator.
#[derive(Debug)]
struct GatherExec {
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    combine: Arc<dyn Combine>,
    projection: Option<Vec<usize>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl GatherExec {
    fn new(
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        combine: Arc<dyn Combine>,
        projection: Option<Vec<usize>>,
    ) -> Result<Self> {
        let mut schema = combine.schema();
        if let Some(columns) = &projection {
            schema = Arc::new(schema.project(columns)?);
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Ok(Self {
            inputs,
            combine,
            projection,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for GatherExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.combine.name(), self.combine)
    }
}

impl ExecutionPlan for GatherExec {
    fn name(&self) -> &str {
        self.combine.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition; self.inputs.len()]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![true; self.inputs.len()]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.len() != self.inputs.len() {
            return internal_err!("{} has {} inputs", self.name(), self.inputs.len());
        }
        let exec = Self::new(children, self.combine.clone(), self.projection.clone())?;
        Ok(Arc::new(exec))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let streams = self
            .inputs
            .iter()
            .map(|input| input.execute(partition, context.clone()))
            .collect::<Result<Vec<_>>>()?;
        let (combine, projection) = (self.combine.clone(), self.projection.clone());
        let reservation = MemoryConsumer::new(self.name()).register(context.memory_pool());
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let rows = async move {
            let inputs = gather(streams, &reservation).await?;
            let _timer = metrics.elapsed_compute().timer();
            let rows = combine.combine(&inputs)?;
            let rows = match &projection {
                Some(columns) => rows.project(columns)?,
                None => rows,
            };
            Ok(rows.record_output(&metrics))
        };
        let schema = self.properties.eq_properties.schema().clone();
        let rows = stream::once(rows).boxed();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// All rows of each stream as one batch.
async fn gather(
    streams: Vec<SendableRecordBatchStream>,
    reservation: &MemoryReservation,
) -> Result<Vec<RecordBatch>> {
    let mut inputs = Vec::with_capacity(streams.len());
    for stream in streams {
        let schema = stream.schema();
        let batches = stream.and_then(|batch| async {
            // Twice: once as it comes, once when all are put together.
            reservation.try_grow(batch.get_array_memory_size().saturating_mul(2))?;
            Ok::<_, DataFusionError>(batch)
        });
        let batches: Vec<_> = batches.try_collect().await?;
        inputs.push(concat_batches(&schema, &batches)?);
    }
    Ok(inputs)
}
