//! What session, catalog and limits does a query run in? The only place that builds DataFusion sessions.
//!
//! A query sees one snapshot of the store from its first to its last row. PromQL and SQL share the storage, the memory
//! pool and the deadline; `promql('…')` is a table function, so one SQL statement can mix both.

mod blank;
mod bounded;
mod catalog;
mod deadline;
mod error;
pub mod explain;
mod grid;
mod kept;
mod made;
mod memory;
mod newest_first;
mod newest_rows;
mod promql;
mod promql_arguments;
mod promql_function;
mod promql_rows;
mod retaining;
mod retry;
mod rows;
mod rules;
mod run;
mod runnable;
mod session;
mod sized;
mod source;
mod statement;
mod stats;
mod tuning;
mod yielding;

pub use error::from_datafusion;
pub use grid::Grid;
pub use made::{MadeRows, MadeTable, Sieve, Wanted};
pub use promql::Times;
pub use rows::SqlRows;
pub use run::{Answer, Explain};
pub use session::Spill;
pub use stats::QueryStats;
pub use tuning::Tuning;

use std::sync::Arc;
use std::time::Duration;

use narthex_engine::Engine;
use narthex_model::{Result, TimestampMs};
use narthex_promql::ast::Expr;
use narthex_promql::{ParseOptions, QueryOutput};

use crate::deadline::Deadline;
use crate::kept::Key;
use crate::promql::Request;
use crate::session::Sessions;

/// A query of less is [quick](Database::is_quick).
const QUICK: Duration = Duration::from_millis(1);

/// Limits and defaults of queries.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// How far an instant selector looks back, in milliseconds.
    pub lookback_ms: i64,
    /// A query that would load more samples is refused.
    pub samples_max: u64,
    /// A query that runs longer is ended.
    pub timeout_ms: u64,
    /// A query that would read more series is refused.
    pub series_max: usize,
    /// Bytes of memory that all queries may use together.
    pub memory_bytes_max: usize,
    /// Bytes of memory that one query may use.
    pub query_memory_bytes_max: usize,
    /// Where operators that can do with less memory put the rest.
    pub spill: Spill,
    /// Worker partitions per query.
    pub partitions: usize,
    /// How the rows of a PromQL plan are cut into pieces.
    pub tuning: Tuning,
    /// Which experimental parts of PromQL are on.
    pub language: ParseOptions,
    /// Whether metrics' names are removed at the end of a query, not at once.
    pub delayed_names: bool,
    /// Whether it matters since when samples count.
    pub start_timestamps: bool,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            lookback_ms: 300_000,
            samples_max: 500_000_000,
            timeout_ms: 120_000,
            series_max: 5_000_000,
            memory_bytes_max: 4 << 30,
            query_memory_bytes_max: 2 << 30,
            spill: Spill::default(),
            partitions: 2,
            tuning: Tuning::default(),
            language: ParseOptions::default(),
            delayed_names: false,
            start_timestamps: false,
        }
    }
}

/// What one PromQL query may change.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueryOptions {
    /// Overrides [`DatabaseOptions::lookback_ms`].
    pub lookback_ms: Option<i64>,
    /// Shortens [`DatabaseOptions::timeout_ms`].
    pub timeout_ms: Option<u64>,
    /// Whether the answer comes with an explanation.
    pub explain: Option<Explain>,
    /// Whether the answer comes with statistics.
    pub stats: bool,
}

/// PromQL and SQL over one store.
pub struct Database {
    engine: Arc<Engine>,
    options: DatabaseOptions,
    sessions: Sessions,
}

impl Database {
    /// A database over `engine`.
    pub fn new(engine: Arc<Engine>, options: DatabaseOptions) -> Self {
        let sessions = Sessions::new(&options);
        Self {
            engine,
            options,
            sessions,
        }
    }

    /// Brings tables that stand beside those about the store, in schema `narthex`. Only the first call counts.
    pub fn bring_tables(&self, tables: Vec<Arc<dyn MadeTable>>) {
        // A second call would change what statements under way see.
        let _ = self.sessions.made.set(tables);
    }

    /// Evaluates a PromQL expression at one instant.
    ///
    /// # Errors
    /// `Invalid` for a query that does not parse (`1:5: parse error: …`) or cannot be evaluated, `Limit` beyond a limit.
    pub async fn query_instant(
        &self,
        query: &str,
        time: TimestampMs,
        options: QueryOptions,
    ) -> Result<QueryOutput> {
        let answer = self.query(query, Times::Instant(time), options).await?;
        Ok(answer.output)
    }

    /// Reads a PromQL expression in the language that is in force.
    ///
    /// # Errors
    /// `Invalid` for one that does not parse (`1:5: parse error: …`).
    pub fn parse(&self, query: &str) -> Result<Expr> {
        Ok(narthex_promql::parse(query, &self.options.language)?)
    }

    /// Evaluates a PromQL expression at each instant of a grid.
    ///
    /// # Errors
    /// As [`Database::query_instant`].
    pub async fn query_range(
        &self,
        query: &str,
        grid: Grid,
        options: QueryOptions,
    ) -> Result<QueryOutput> {
        let answer = self.query(query, Times::Range(grid), options).await?;
        Ok(answer.output)
    }

    /// Whether the same query, perhaps for other times, took so little time when it was last answered that it need not be kept apart from
    /// other work.
    pub fn is_quick(&self, query: &str, times: Times, options: QueryOptions) -> bool {
        let key = Key::of(&self.request(query, times, options));
        let took = key.and_then(|key| self.sessions.kept.look(&key, |kept| kept.took));
        took.is_some_and(|took| took < QUICK)
    }

    /// Answers a PromQL query with all that `options` ask for.
    ///
    /// # Errors
    /// As [`Database::query_instant`].
    pub async fn query(&self, query: &str, times: Times, options: QueryOptions) -> Result<Answer> {
        let deadline = self.deadline(options.timeout_ms);
        let request = self.request(query, times.checked()?, options);
        retry::anew(&self.engine, || async {
            let snapshot = self.engine.snapshot();
            let answer = run::answer(&self.sessions, &snapshot, &request);
            deadline.limit(answer).await
        })
        .await
    }

    /// Runs a SQL statement; rows arrive as they are made. Only queries are allowed.
    ///
    /// Names are case-sensitive, as they are in Prometheus. An error that comes with the rows is turned back into ours by
    /// [`from_datafusion`].
    ///
    /// # Errors
    /// `Invalid` for a statement that does not parse, plan, or is not a query.
    pub async fn sql(&self, statement: &str) -> Result<SqlRows> {
        let deadline = self.deadline(None);
        retry::anew(&self.engine, || async {
            let snapshot = self.engine.snapshot();
            let running = self.sessions.run(&snapshot, &self.options, statement);
            let rows = deadline.limit(Box::pin(running)).await?;
            let rows = deadline.limit_stream(rows);
            let rows = match self.engine.is_read_only() {
                true => retry::begun(rows).await?,
                false => rows,
            };
            Ok(SqlRows::new(rows, snapshot))
        })
        .await
    }

    fn request<'a>(&'a self, query: &'a str, times: Times, options: QueryOptions) -> Request<'a> {
        Request {
            query,
            times,
            lookback_ms: options.lookback_ms,
            options: &self.options,
            explain: options.explain,
            stats: options.stats,
        }
    }

    fn deadline(&self, timeout_ms: Option<u64>) -> Deadline {
        let timeout_ms = timeout_ms.map_or(self.options.timeout_ms, |ms| {
            ms.min(self.options.timeout_ms)
        });
        Deadline::after(Duration::from_millis(timeout_ms))
    }
}
