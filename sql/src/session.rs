//! Sessions: what DataFusion is told before it plans a query.
//!
//! Making a session from nothing registers some hundred functions, so two states are made once, and each query takes a copy
//! (maps of shared pointers) with its own settings.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::{GreedyMemoryPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::optimizer::OptimizerRule;
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::replace_distinct_aggregate::ReplaceDistinctWithAggregate;
use datafusion::optimizer::simplify_expressions::SimplifyExpressions;
use datafusion::prelude::{SessionConfig, SessionContext};
use narthex_engine::Snapshot;

use crate::catalog::{self, CATALOG, METRICS_SCHEMA};
use crate::peak::PeakPool;
use crate::promql_function::PromqlFunction;
use crate::yielding::YieldingJoins;
use crate::{DatabaseOptions, Tuning};

/// Who holds the memory is said for so many operators when it runs out.
const CONSUMERS_TOLD: NonZeroUsize = NonZeroUsize::new(5).expect("five is not zero");

/// Makes the session of each query.
pub(crate) struct Sessions {
    sql: SessionState,
    promql: SessionState,
    partitions: usize,
    tuning: Tuning,
}

impl Sessions {
    /// Sessions within the limits of `options`.
    pub(crate) fn new(options: &DatabaseOptions) -> Self {
        let runtime = runtime(options.memory_bytes_max);
        let base = || {
            SessionStateBuilder::new()
                .with_config(config(options))
                .with_runtime_env(runtime.clone())
                .with_physical_optimizer_rule(Arc::new(YieldingJoins))
        };
        Self {
            sql: base().with_default_features().build(),
            promql: base().with_optimizer_rules(promql_rules()).build(),
            partitions: options.partitions,
            tuning: options.tuning,
        }
    }

    /// A session for one SQL statement over `snapshot`.
    pub(crate) fn sql(&self, snapshot: &Snapshot, options: &DatabaseOptions) -> SessionContext {
        let mut state = self.sql.clone();
        state.mark_start_execution();
        state.register_catalog_list(catalog::list(snapshot));
        state.register_udtf(
            PromqlFunction::NAME,
            Arc::new(PromqlFunction::new(snapshot.clone(), options)),
        );
        SessionContext::new_with_state(state)
    }

    /// A session for one PromQL query of `steps` instants that reads at most `samples` samples.
    pub(crate) fn promql(&self, steps: usize, samples: u64) -> SessionState {
        let mut state = self.promql.clone();
        let tuning = &self.tuning;
        let mut config = state
            .config()
            .clone()
            .with_batch_size(tuning.batch_rows(steps))
            .with_target_partitions(tuning.partitions(samples, self.partitions));
        let optimizer = &mut config.options_mut().optimizer;
        optimizer.hash_join_single_partition_threshold = tuning.broadcast_bytes;
        optimizer.hash_join_single_partition_threshold_rows = tuning.broadcast_rows(steps);
        *state.config_mut() = config;
        state
    }
}

/// A context for a query of `state`, and the pool that knows how much memory the query has reserved.
pub(crate) fn watched(state: &SessionState) -> (Arc<TaskContext>, Arc<PeakPool>) {
    let shared = state.runtime_env();
    let pool = Arc::new(PeakPool::new(shared.memory_pool.clone()));
    let runtime = RuntimeEnv {
        memory_pool: pool.clone(),
        ..shared.as_ref().clone()
    };
    let context = TaskContext::from(state).with_runtime(Arc::new(runtime));
    (Arc::new(context), pool)
}

fn runtime(memory_bytes_max: usize) -> Arc<RuntimeEnv> {
    let pool = TrackConsumersPool::new(GreedyMemoryPool::new(memory_bytes_max), CONSUMERS_TOLD);
    let builder = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(DiskManagerBuilder::default());
    builder.build_arc().unwrap_or_default()
}

fn config(options: &DatabaseOptions) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(options.partitions.max(1))
        .with_batch_size(options.tuning.batch_rows_max.max(1))
        .with_information_schema(true)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, METRICS_SCHEMA);
    let settings = config.options_mut();
    // Metric and label names are case-sensitive: `node_memory_MemTotal_bytes` must not need quotes.
    settings.sql_parser.enable_ident_normalization = false;
    settings.execution.time_zone = Some("UTC".to_owned());
    config
}

/// The rules that help plans of the shape that PromQL has; the others would only cost time.
fn promql_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    vec![
        Arc::new(SimplifyExpressions::new()),
        Arc::new(ReplaceDistinctWithAggregate::new()),
        Arc::new(PushDownFilter::new()),
        Arc::new(CommonSubexprEliminate::new()),
        Arc::new(OptimizeProjections::new()),
    ]
}
