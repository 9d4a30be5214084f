//! `promql('expression', …)` as a SQL table.
//!
//! `promql(query, start, end, step)` is a range query, `promql(query, time)` and `promql(query)` (now) are instant ones. The
//! rows have the labels of the result, `timestamp` and `value`. The function only plans: the expression becomes part of
//! the statement's own plan and is optimised and executed with it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::ViewTable;
use narthex_engine::Snapshot;
use narthex_table::external;

use crate::DatabaseOptions;
use crate::promql::{self, Purpose, Request};
use crate::promql_arguments::Arguments;
use crate::promql_rows;

/// The table function of one statement.
pub(crate) struct PromqlFunction {
    snapshot: Snapshot,
    options: DatabaseOptions,
    widest: Arc<AtomicUsize>,
}

impl PromqlFunction {
    /// Its name in SQL.
    pub(crate) const NAME: &'static str = "promql";

    /// The function over `snapshot`; tells `widest` how long its vectors are.
    pub(crate) fn new(
        snapshot: Snapshot,
        options: &DatabaseOptions,
        widest: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            snapshot,
            options: options.clone(),
            widest,
        }
    }
}

impl fmt::Debug for PromqlFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PromqlFunction")
    }
}

impl TableFunctionImpl for PromqlFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let now = args.session().execution_props().query_execution_start_time;
        let now_ms = now.map_or(0, |now| now.timestamp_millis());
        let arguments = Arguments::read(args.exprs(), now_ms).map_err(external)?;
        let request = Request {
            query: &arguments.query,
            times: arguments.times,
            lookback_ms: None,
            options: &self.options,
            explain: None,
            stats: false,
        };
        let planned =
            promql::prepare(&self.snapshot, &request, Purpose::Table).map_err(external)?;
        self.widest
            .fetch_max(planned.plan.widest(), Ordering::Relaxed);
        Ok(Arc::new(ViewTable::new(promql_rows::rows(&planned)?, None)))
    }
}
