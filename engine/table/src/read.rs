//! The operator that reads the engine: work descriptors come in, rows go out.
//!
//! It is unary over a source of descriptors and not a leaf (see `work.rs`). Decoding is plain computation and is
//! done while polled. Between two descriptors the stream yields, often or once some time has passed, so that dropping it ends the
//! query: what is done with each batch may take long.

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions, SchedulingType,
};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet, RecordOutput, Time,
};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties,
};
use futures::{Stream, StreamExt};
use narthex_engine::ReadEstimate;
use narthex_engine::meter::{self, ReadCounts};
use narthex_model::TimeRange;

use crate::series_columns::SeriesColumns;
use crate::work;

/// Others have their turn after so much time.
const TURN: Duration = Duration::from_millis(20);

/// The batches of one descriptor, made one after the other.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// What one descriptor gives.
pub(crate) struct Decoded {
    /// The rows.
    pub(crate) batches: Batches,
    /// Samples decoded for them.
    pub(crate) samples: usize,
    /// Bytes they hold in memory.
    pub(crate) bytes: usize,
}

/// What a reader will do, as far as the index tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadPlan {
    /// Series.
    pub series: u64,
    /// At most this many samples of them, if samples are read.
    pub samples_max: u64,
    /// What is fetched for them.
    pub estimate: ReadEstimate,
}

/// Which rows the series of a selection become.
pub(crate) trait Rows: Debug + Send + Sync {
    /// The operator's name in plans.
    fn name(&self) -> &'static str;

    /// Columns of the rows.
    fn schema(&self) -> &SchemaRef;

    /// Which columns they have, if they are series.
    fn series_columns(&self) -> Option<&Arc<SeriesColumns>> {
        None
    }

    /// The same where older rows of a series do not count beside its newest one, so that they may be left out; `None` if rows are not
    /// samples.
    fn newest(&self) -> Option<Arc<dyn Rows>> {
        None
    }

    /// The times that samples may have which are read; `None` if rows are not samples, or there are none.
    fn times(&self) -> Option<TimeRange> {
        None
    }

    /// The same of samples in `range` alone; `None` if rows are not samples.
    fn within(&self, _: TimeRange) -> Option<Arc<dyn Rows>> {
        None
    }

    /// What is read, for EXPLAIN.
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// At most about so many bytes are needed to read the series at `positions`.
    fn bytes_max(&self, positions: Range<usize>) -> usize;

    /// Number of rows and bytes of all partitions together.
    fn statistics(&self) -> Statistics;

    /// What reading the series at `parts`, one part after the other, will take.
    fn plan(&self, parts: &[Range<usize>]) -> Result<ReadPlan>;

    /// Reads the series at `positions`.
    fn read(&self, positions: Range<usize>) -> Result<Decoded>;
}

/// Turns work descriptors into rows.
#[derive(Debug)]
pub struct ReadExec {
    rows: Arc<dyn Rows>,
    /// All that will be read, whatever the partitions.
    parts: Arc<[Range<usize>]>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ReadExec {
    /// An operator that reads `work`, a list of descriptors for each partition.
    pub(crate) fn over(
        rows: Arc<dyn Rows>,
        work: &[Vec<Range<usize>>],
        properties: Option<Arc<PlanProperties>>,
    ) -> Result<Self> {
        let properties = properties.unwrap_or_else(|| properties_of(rows.schema(), work.len()));
        Ok(Self {
            rows,
            parts: work.iter().flatten().cloned().collect(),
            input: work::source(work)?,
            properties,
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// The same for somebody who only looks at the newest row of each series; `None` if its rows are not samples.
    pub fn newest(&self) -> Option<Self> {
        Some(Self {
            rows: self.rows.newest()?,
            ..self.from(self.input.clone())
        })
    }

    /// The times that samples may have which it reads; `None` if its rows are not samples, or there are none.
    pub fn times(&self) -> Option<TimeRange> {
        self.rows.times()
    }

    /// The same of samples in `range` alone; `None` if its rows are not samples.
    pub fn within(&self, range: TimeRange) -> Option<Self> {
        Some(Self {
            rows: self.rows.within(range)?,
            ..self.from(self.input.clone())
        })
    }

    /// Which columns of series it reads, if its rows are series.
    pub(crate) fn series_columns(&self) -> Option<&Arc<SeriesColumns>> {
        self.rows.series_columns()
    }

    /// How many partitions its work was cut into.
    pub(crate) fn input_partitions(&self) -> usize {
        self.input.output_partitioning().partition_count()
    }

    /// What it will do. Nothing is read for that.
    ///
    /// # Errors
    /// An index contradicts itself.
    pub fn plan(&self) -> Result<ReadPlan> {
        self.rows.plan(&self.parts)
    }

    /// The same over another source of descriptors.
    fn from(&self, input: Arc<dyn ExecutionPlan>) -> Self {
        let partitions = input.output_partitioning().partition_count();
        Self {
            rows: self.rows.clone(),
            parts: self.parts.clone(),
            input,
            properties: properties_of(self.rows.schema(), partitions),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

fn properties_of(schema: &SchemaRef, partitions: usize) -> Arc<PlanProperties> {
    let properties = PlanProperties::new(
        EquivalenceProperties::new(schema.clone()),
        Partitioning::UnknownPartitioning(partitions),
        EmissionType::Incremental,
        Boundedness::Bounded,
    );
    Arc::new(properties.with_scheduling_type(SchedulingType::Cooperative))
}

impl DisplayAs for ReadExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.rows.name())?;
        self.rows.describe(f)
    }
}

impl ExecutionPlan for ReadExec {
    fn name(&self) -> &str {
        self.rows.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false] // the descriptors are balanced already
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(self.from(input))),
            _ => Err(DataFusionError::Internal(format!(
                "{} has one child",
                self.name()
            ))),
        }
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
        let name = format!("{}[{partition}]", self.name());
        let stream = ReadStream {
            rows: self.rows.clone(),
            input: self.input.execute(partition, context.clone())?,
            waiting: VecDeque::new(),
            batches: None,
            yielded: Instant::now(),
            reservation: MemoryConsumer::new(name).register(context.memory_pool()),
            metrics: ReadMetrics::new(&self.metrics, partition),
        };
        Ok(Box::pin(cooperative(stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn child_stats_requests(&self, _: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::Skip]
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut statistics = self.rows.statistics();
        if args.partition().is_some() {
            let partitions = self.properties.output_partitioning().partition_count();
            let share = |all: Precision<usize>| match all {
                Precision::Exact(n) | Precision::Inexact(n) if partitions > 1 => {
                    Precision::Inexact(n / partitions)
                }
                whole => whole,
            };
            statistics.num_rows = share(statistics.num_rows);
            statistics.total_byte_size = share(statistics.total_byte_size);
        }
        Ok(Arc::new(statistics))
    }
}

struct ReadMetrics {
    baseline: BaselineMetrics,
    series: Count,
    samples: Count,
    bytes_read: Count,
    pages: Count,
    cache_hits: Count,
    cache_misses: Count,
    decode: Time,
}

impl ReadMetrics {
    fn new(set: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let counter = |name: &'static str| MetricBuilder::new(set).counter(name, partition);
        Self {
            baseline: BaselineMetrics::new(set, partition),
            series: counter("series"),
            samples: counter("samples"),
            bytes_read: counter("bytes_read"),
            pages: counter("pages"),
            cache_hits: counter("cache_hits"),
            cache_misses: counter("cache_misses"),
            decode: MetricBuilder::new(set).subset_time("decode", partition),
        }
    }

    fn add(&self, read: ReadCounts) {
        self.bytes_read.add(read.bytes as usize);
        self.pages.add(read.pages as usize);
        self.cache_hits.add(read.cache_hits as usize);
        self.cache_misses.add(read.cache_misses as usize);
    }
}

/// The rows of one partition.
struct ReadStream {
    rows: Arc<dyn Rows>,
    input: SendableRecordBatchStream,
    waiting: VecDeque<Range<usize>>,
    batches: Option<Batches>,
    /// When others last had their turn.
    yielded: Instant,
    /// Covers what was decoded last, until the next descriptor is begun.
    reservation: MemoryReservation,
    metrics: ReadMetrics,
}

impl ReadStream {
    fn decode(&mut self, positions: Range<usize>) -> Result<Batches> {
        self.reservation
            .try_resize(self.rows.bytes_max(positions.clone()))?;
        let timer = self.metrics.decode.timer();
        let series = positions.len();
        let (decoded, read) = meter::metered(|| self.rows.read(positions));
        self.metrics.add(read);
        let decoded = decoded?;
        timer.done();
        self.metrics.series.add(series);
        self.metrics.samples.add(decoded.samples);
        self.reservation.try_resize(decoded.bytes)?;
        Ok(decoded.batches)
    }

    fn next_batch(&mut self) -> Option<Result<RecordBatch>> {
        loop {
            if let Some(batch) = self.batches.as_mut().and_then(Iterator::next) {
                return Some(batch);
            }
            self.batches = None;
            let positions = self.waiting.pop_front()?;
            match self.decode(positions) {
                Ok(batches) => self.batches = Some(batches),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Stream for ReadStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.yielded.elapsed() > TURN {
            self.yielded = Instant::now();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            let elapsed = self.metrics.baseline.elapsed_compute().clone();
            let timer = elapsed.timer();
            if let Some(batch) = self.next_batch() {
                timer.done();
                return Poll::Ready(Some(batch.record_output(&self.metrics.baseline)));
            }
            timer.done();
            match ready!(self.input.poll_next_unpin(cx)) {
                Some(Ok(descriptors)) => self.waiting.extend(work::decode(&descriptors)?),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.reservation.free();
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl RecordBatchStream for ReadStream {
    fn schema(&self) -> SchemaRef {
        self.rows.schema().clone()
    }
}
