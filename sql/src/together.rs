//! Queries that are planned together, so that what stands in several of them is read and evaluated once.

use std::sync::Arc;
use std::time::Instant;

use narthex_engine::Snapshot;
use narthex_model::{ErrorKind, Result, TimestampMs};
use narthex_promql::QueryOutput;

use crate::promql::{Planned, Request, Times, prepare_together};
use crate::{Database, QueryOptions, run};

/// A query at one instant that is planned and has not run.
pub struct Prepared {
    query: Arc<str>,
    time: TimestampMs,
    snapshot: Snapshot,
    planned: Planned,
}

impl Database {
    /// Plans PromQL expressions for one instant. Each must be run by [`Database::run`], in any order or at the same time: whichever comes
    /// first reads what they have in common, and memory for that counts as its own. Warnings and infos about such a part come with one
    /// of them alone.
    ///
    /// # Errors
    /// Each for itself, as [`Database::query_instant`].
    pub fn prepare_together(
        &self,
        queries: &[Arc<str>],
        time: TimestampMs,
    ) -> Vec<Result<Prepared>> {
        let snapshot = self.engine.snapshot();
        let request = |query| Request {
            query,
            times: Times::Instant(time),
            lookback_ms: None,
            options: &self.options,
            explain: None,
            stats: false,
        };
        let requests: Vec<_> = queries
            .iter()
            .map(|query| request(query.as_ref()))
            .collect();
        let planned = prepare_together(&snapshot, &requests).into_iter();
        let prepared = planned.zip(queries).map(|(planned, query)| {
            Ok(Prepared {
                query: query.clone(),
                time,
                snapshot: snapshot.clone(),
                planned: planned?,
            })
        });
        prepared.collect()
    }

    /// Runs a prepared query.
    ///
    /// # Errors
    /// As [`Database::query_instant`].
    pub async fn run(&self, prepared: Prepared) -> Result<QueryOutput> {
        let Prepared {
            query,
            time,
            snapshot,
            planned,
        } = prepared;
        let deadline = self.deadline(None);
        let running = run::output(&self.sessions, &snapshot, planned, Instant::now());
        match deadline.limit(Box::pin(running)).await {
            // A block is gone that was there when it was planned.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Box::pin(self.query_instant(&query, time, QueryOptions::default())).await
            }
            done => done,
        }
    }
}
