//! Sessions: what DataFusion is told before it plans a query.
//!
//! Making a session from nothing registers some hundred functions, so two states are made once, and each query takes a copy
//! (maps of shared pointers) with its own settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::prelude::SessionConfig;
use narthex_engine::Snapshot;
use narthex_model::Result;

use crate::bounded;
use crate::catalog::{self, CATALOG, METRICS_SCHEMA};
use crate::kept::KeptPlans;
use crate::made::MadeTables;
use crate::memory::{QueryMemory, ServerMemory};
use crate::newest_first::NewestFirst;
use crate::newest_rows::NewestRows;
use crate::promql_function::PromqlFunction;
use crate::retaining::RetainingWindows;
use crate::rules;
use crate::statement;
use crate::yielding::YieldingJoins;
use crate::{DatabaseOptions, Tuning};

/// Where operators put what does not fit into memory.
#[derive(Debug, Clone)]
pub struct Spill {
    /// A folder that is emptied at the start and belongs to this database alone; none for that of the system.
    pub folder: Option<PathBuf>,
    /// At most so many bytes of all queries together.
    pub bytes_max: u64,
}

impl Default for Spill {
    fn default() -> Self {
        Self {
            folder: None,
            bytes_max: 10 << 30,
        }
    }
}

/// Makes the session of each query.
pub(crate) struct Sessions {
    sql: SessionState,
    promql: SessionState,
    partitions: usize,
    tuning: Tuning,
    /// What all queries share, except that each has memory of its own.
    runtime: Arc<RuntimeEnv>,
    memory: Arc<ServerMemory>,
    query_memory_bytes_max: usize,
    /// Tables that somebody else brought.
    pub(crate) made: MadeTables,
    /// Plans that wait.
    pub(crate) kept: KeptPlans,
}

impl Sessions {
    /// Sessions within the limits of `options`.
    pub(crate) fn new(options: &DatabaseOptions) -> Self {
        let runtime = runtime(&options.spill);
        let base = || {
            SessionStateBuilder::new()
                .with_config(config(options))
                .with_runtime_env(runtime.clone())
        };
        let mut sql = base()
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(NewestRows))
            .with_physical_optimizer_rule(Arc::new(NewestFirst))
            .with_physical_optimizer_rule(Arc::new(YieldingJoins))
            .with_physical_optimizer_rule(Arc::new(RetainingWindows))
            .build();
        if let Err(error) = bounded::bound(&mut sql) {
            tracing::warn!(%error, "SQL functions are without bounds");
        }
        let promql = base()
            .with_analyzer_rules(Vec::new())
            .with_optimizer_rules(rules::logical())
            .with_physical_optimizer_rules(rules::physical())
            .build();
        Self {
            sql,
            promql,
            partitions: options.partitions,
            tuning: options.tuning,
            memory: Arc::new(ServerMemory::new(options.memory_bytes_max)),
            query_memory_bytes_max: options.query_memory_bytes_max,
            runtime,
            made: MadeTables::default(),
            kept: KeptPlans::default(),
        }
    }

    /// The memory of one query.
    pub(crate) fn memory(&self) -> Arc<QueryMemory> {
        let memory = QueryMemory::new(self.memory.clone(), self.query_memory_bytes_max);
        Arc::new(memory)
    }

    /// What a query with that memory runs in.
    pub(crate) fn runtime(&self, memory: Arc<QueryMemory>) -> Arc<RuntimeEnv> {
        Arc::new(RuntimeEnv {
            memory_pool: memory,
            ..self.runtime.as_ref().clone()
        })
    }

    /// What a PromQL plan with that memory runs in.
    pub(crate) fn context(
        &self,
        config: SessionConfig,
        memory: Arc<QueryMemory>,
    ) -> Arc<TaskContext> {
        // Its plans have their functions in them and look none up by name.
        let (scalar, higher, aggregate, window) = Default::default();
        let (runtime, session) = (self.runtime(memory), String::new());
        let context = TaskContext::new(
            None, session, config, scalar, higher, aggregate, window, runtime,
        );
        Arc::new(context)
    }

    /// Starts one SQL statement over `snapshot`.
    pub(crate) async fn run(
        &self,
        snapshot: &Snapshot,
        options: &DatabaseOptions,
        text: &str,
    ) -> Result<SendableRecordBatchStream> {
        let mut state = self.sql.clone();
        state.mark_start_execution();
        state.register_catalog_list(catalog::list(snapshot, &self.made));
        let widest = Arc::new(AtomicUsize::new(1));
        let function = PromqlFunction::new(snapshot.clone(), options, widest.clone());
        state.register_udtf(PromqlFunction::NAME, Arc::new(function));
        let plan = statement::plan(&state, text).await?;
        let rows = self.tuning.batch_rows(widest.load(Ordering::Relaxed));
        let config = state.config().clone().with_batch_size(rows);
        *state.config_mut() = config;
        statement::run(state, plan, self.runtime(self.memory())).await
    }

    /// How many partitions a query of so many samples runs in.
    pub(crate) fn partitions(&self, samples: u64) -> usize {
        self.tuning.partitions(samples, self.partitions)
    }

    /// A session for one PromQL query of `steps` instants that reads at most `samples` samples.
    pub(crate) fn promql(&self, steps: usize, samples: u64) -> SessionState {
        let mut state = self.promql.clone();
        let tuning = &self.tuning;
        let mut config = state
            .config()
            .clone()
            .with_batch_size(tuning.batch_rows(steps))
            .with_target_partitions(self.partitions(samples));
        let optimizer = &mut config.options_mut().optimizer;
        optimizer.max_passes = 1; // the rules are in an order in which a second pass finds nothing
        optimizer.hash_join_single_partition_threshold = tuning.broadcast_bytes;
        optimizer.hash_join_single_partition_threshold_rows = tuning.broadcast_rows(steps);
        *state.config_mut() = config;
        state
    }
}

fn runtime(spill: &Spill) -> Arc<RuntimeEnv> {
    let mut mode = DiskManagerMode::OsTmpDirectory;
    if let Some(folder) = &spill.folder {
        // What a process left that was killed. It matters only if it stays for good, and then queries say that it does.
        let _ = std::fs::remove_dir_all(folder);
        mode = match std::fs::create_dir_all(folder) {
            Ok(()) => DiskManagerMode::Directories(vec![folder.clone()]),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "queries cannot use the disk");
                DiskManagerMode::Disabled
            }
        };
    }
    let disk = DiskManagerBuilder::default()
        .with_mode(mode)
        .with_max_temp_directory_size(spill.bytes_max);
    let builder = RuntimeEnvBuilder::new().with_disk_manager_builder(disk);
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
