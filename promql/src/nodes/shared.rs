//! A node whose rows are made once and read by several others.
//!
//! It is a table: each scan of it reads the same rows, and the first one to be asked runs the plan. Rows stay in memory until the
//! query ends, and count against its limit.

use std::fmt::{self, Debug};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties,
};
use futures::lock::Mutex;
use futures::{StreamExt, TryStreamExt, stream};

/// The node as a table.
#[derive(Debug)]
pub(crate) struct SharedTable {
    plan: LogicalPlan,
    schema: SchemaRef,
    /// As it runs; planned by the first scan.
    source: Mutex<Option<Arc<Source>>>,
}

impl SharedTable {
    /// The rows of `plan`.
    pub(crate) fn new(plan: LogicalPlan) -> Self {
        Self {
            schema: plan.schema().inner().clone(),
            plan,
            source: Mutex::new(None),
        }
    }
}

#[async_trait]
impl TableProvider for SharedTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
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
        let mut planned = self.source.lock().await;
        let (source, is_first) = match planned.as_ref() {
            Some(source) => (source.clone(), false),
            None => {
                let plan = state.create_physical_plan(&self.plan).await?;
                let source = Arc::new(Source {
                    plan,
                    rows: Mutex::new(None),
                });
                *planned = Some(source.clone());
                (source, true)
            }
        };
        let exec = SharedExec::new(source, &self.schema, projection.cloned(), is_first)?;
        Ok(Arc::new(exec))
    }
}

/// The plan, and its rows once it has run.
#[derive(Debug)]
struct Source {
    plan: Arc<dyn ExecutionPlan>,
    rows: Mutex<Option<Arc<Vec<Partition>>>>,
}

/// The rows of a partition, and the memory they take.
#[derive(Debug)]
struct Partition {
    batches: Vec<RecordBatch>,
    _reservation: MemoryReservation,
}

impl Source {
    /// The rows of all partitions; whoever comes first runs the plan, the others wait.
    async fn rows(&self, context: Arc<TaskContext>) -> Result<Arc<Vec<Partition>>> {
        let mut rows = self.rows.lock().await;
        if let Some(there) = rows.as_ref() {
            return Ok(there.clone());
        }
        let mut tasks = Vec::new();
        for partition in 0..self.plan.output_partitioning().partition_count() {
            let stream = self.plan.execute(partition, context.clone())?;
            let reservation = MemoryConsumer::new("SharedExec").register(context.memory_pool());
            tasks.push(SpawnedTask::spawn(collect(stream, reservation)));
        }
        let mut partitions = Vec::with_capacity(tasks.len());
        for task in tasks {
            let collected = task.await;
            partitions.push(collected.map_err(|e| DataFusionError::External(Box::new(e)))??);
        }
        Ok(rows.insert(Arc::new(partitions)).clone())
    }
}

async fn collect(
    stream: SendableRecordBatchStream,
    reservation: MemoryReservation,
) -> Result<Partition> {
    let batches = stream.and_then(|batch| async {
        reservation.try_grow(batch.get_array_memory_size())?;
        Ok(batch)
    });
    Ok(Partition {
        batches: batches.try_collect().await?,
        _reservation: reservation,
    })
}

/// One reader of the rows.
#[derive(Debug)]
struct SharedExec {
    source: Arc<Source>,
    projection: Option<Vec<usize>>,
    /// Whether this one shows the plan of the source.
    is_first: bool,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl SharedExec {
    fn new(
        source: Arc<Source>,
        schema: &SchemaRef,
        projection: Option<Vec<usize>>,
        is_first: bool,
    ) -> Result<Self> {
        let schema = match &projection {
            Some(columns) => Arc::new(schema.project(columns)?),
            None => schema.clone(),
        };
        let partitions = source.plan.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Ok(Self {
            source,
            projection,
            is_first,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for SharedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.is_first { "kept" } else { "as above" };
        write!(f, "SharedExec: {rows}")
    }
}

impl ExecutionPlan for SharedExec {
    fn name(&self) -> &str {
        "SharedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.is_first
            .then_some(&self.source.plan)
            .into_iter()
            .collect()
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false; usize::from(self.is_first)]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    /// The source was optimized when it was planned, and others read it: it stays as it is.
    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
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
        let (source, projection) = (self.source.clone(), self.projection.clone());
        let schema = self.schema();
        let result = schema.clone();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batches = stream::once(async move { source.rows(context).await });
        let batches = batches.map_ok(move |partitions| {
            let there = partitions.get(partition);
            let batches: Vec<_> = there.iter().flat_map(|p| p.batches.clone()).collect();
            let (schema, projection) = (schema.clone(), projection.clone());
            let metrics = metrics.clone();
            stream::iter(batches).map(move |batch| {
                let batch = projected(&batch, &schema, projection.as_deref())?;
                Ok(batch.record_output(&metrics))
            })
        });
        let stream = batches.try_flatten().boxed();
        Ok(Box::pin(RecordBatchStreamAdapter::new(result, stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The batch with the columns and the schema that were asked for.
fn projected(
    batch: &RecordBatch,
    schema: &SchemaRef,
    projection: Option<&[usize]>,
) -> Result<RecordBatch> {
    let batch = match projection {
        Some(columns) => batch.project(columns)?,
        None => batch.clone(),
    };
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns().to_vec();
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        columns,
        &options,
    )?)
}
