//! How rules ask a store that no server has open: one expression after the other, and nobody is told.

use std::sync::Arc;
use std::time::Instant;

use narthex_engine::Engine;
use narthex_ingest::SystemClock;
use narthex_model::{Matcher, Result, TimeRange, TimestampMs};
use narthex_rules::eval::World;
use narthex_rules::notify::Notification;
use narthex_rules::{Found, LastSample, Notify, Pending, Query};
use narthex_sql::{Database, QueryOptions};

use super::query::{last, samples};

/// A store and the database over it.
pub(crate) struct Direct {
    pub(crate) engine: Arc<Engine>,
    pub(crate) database: Database,
}

impl Direct {
    /// The store as rules see it.
    pub(crate) fn world(self: Arc<Self>) -> World {
        World {
            sink: self.engine.clone(),
            query: self,
            notify: Arc::new(Nobody),
            clock: Arc::new(SystemClock::new()),
            metrics: Arc::default(),
        }
    }

    async fn found(&self, expr: &str, at: TimestampMs) -> Found {
        let began = Instant::now();
        let options = QueryOptions::default();
        let answer = self.database.query_instant(expr, at, options).await;
        let result = answer.and_then(|output| samples(output.value));
        let took = began.elapsed();
        Found { result, took }
    }
}

impl Query for Direct {
    fn instant<'a>(&'a self, exprs: &'a [Arc<str>], at: TimestampMs) -> Pending<'a, Vec<Found>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(exprs.len());
            for expr in exprs {
                found.push(self.found(expr, at).await);
            }
            found
        })
    }

    fn last<'a>(
        &'a self,
        matchers: &'a [Matcher],
        within: TimeRange,
    ) -> Pending<'a, Result<Vec<LastSample>>> {
        Box::pin(async move { last(&self.engine, matchers, within) })
    }
}

/// Whoever would be told of alerts.
struct Nobody;

impl Notify for Nobody {
    fn notify(&self, _: Vec<Notification>) {}
}
