//! How rules ask: on the query threads, one place for each expression, as everybody else. The plan of a rule is kept from turn to turn.

use std::sync::{Arc, Weak};
use std::time::Instant;

use futures::future::join_all;
use narthex_engine::Engine;
use narthex_model::{Error, Matcher, Result, TimeRange, TimestampMs};
use narthex_promql::{QueryValue, SampleValue as Answered, histograms};
use narthex_rules::{Found, LastSample, Pending, Query, SampleValue, ShownHistogram, VectorSample};
use narthex_sql::QueryOptions;

use crate::App;
use crate::http::ApiError;

/// Series that are read at once.
const SERIES_AT_ONCE: usize = 512;

/// The database of a server; without it rules end.
pub(super) struct RuleQueries(Weak<App>);

impl RuleQueries {
    pub(super) fn new(app: Weak<App>) -> Self {
        Self(app)
    }

    fn app(&self) -> Result<Arc<App>> {
        let app = self.0.upgrade();
        app.ok_or_else(|| Error::unavailable("the server is stopping"))
    }

    async fn found(&self, expr: Arc<str>, at: TimestampMs) -> Found {
        let began = Instant::now();
        let result = self.evaluate(expr, at).await;
        let took = began.elapsed();
        Found { result, took }
    }

    async fn evaluate(&self, expr: Arc<str>, at: TimestampMs) -> Result<Vec<VectorSample>> {
        let app = self.app()?;
        let database = app.store()?.database.clone();
        let work = async move {
            let answer = database.query_instant(&expr, at, QueryOptions::default());
            let output = answer.await.map_err(|e| ApiError::execution(&e))?;
            Ok(samples(output.value))
        };
        app.queries.run(None, work).await.map_err(|e| invalid(&e))?
    }
}

fn invalid(error: &ApiError) -> Error {
    Error::invalid(error.message())
}

impl Query for RuleQueries {
    fn instant<'a>(&'a self, exprs: &'a [Arc<str>], at: TimestampMs) -> Pending<'a, Vec<Found>> {
        let found = exprs.iter().map(move |expr| self.found(expr.clone(), at));
        Box::pin(join_all(found))
    }

    fn last<'a>(
        &'a self,
        matchers: &'a [Matcher],
        within: TimeRange,
    ) -> Pending<'a, Result<Vec<LastSample>>> {
        Box::pin(async move {
            let engine = self.app()?.store()?.engine.clone();
            let matchers = matchers.to_vec();
            let read = tokio::task::spawn_blocking(move || last(&engine, &matchers, within));
            let failed = |e| Error::internal("reading the state of alerts failed").with_source(e);
            read.await.map_err(failed)?
        })
    }
}

/// An answer as a vector.
pub(crate) fn samples(value: QueryValue) -> Result<Vec<VectorSample>> {
    match value {
        QueryValue::Vector(samples) => Ok(samples
            .into_iter()
            .map(|sample| VectorSample {
                labels: sample.labels,
                value: shown(sample.value),
            })
            .collect()),
        QueryValue::Scalar { value, .. } => Ok(vec![VectorSample {
            labels: narthex_model::Labels::empty(),
            value: SampleValue::Float(value),
        }]),
        QueryValue::Matrix(_) | QueryValue::String { .. } => {
            Err(Error::invalid("rule result is not a vector or scalar"))
        }
    }
}

fn shown(value: Answered) -> SampleValue {
    match value {
        Answered::Float(value) => SampleValue::Float(value),
        Answered::Histogram(histogram) => {
            let text = histograms::text(&histogram);
            let histogram = *histogram;
            SampleValue::Histogram(Box::new(ShownHistogram { histogram, text }))
        }
    }
}

/// The last float of each series.
pub(super) fn last(
    engine: &Engine,
    matchers: &[Matcher],
    within: TimeRange,
) -> Result<Vec<LastSample>> {
    let selection = engine.snapshot().select(matchers, within)?;
    let mut found = Vec::new();
    for start in (0..selection.len()).step_by(SERIES_AT_ONCE) {
        let positions = start..selection.len().min(start + SERIES_AT_ONCE);
        let columns = selection.read(positions.clone())?;
        for (at, position) in positions.enumerate() {
            found.extend(columns.samples(at).last().map(|(timestamp, value)| {
                let labels = selection.series(position).labels.to_owned();
                LastSample {
                    labels,
                    timestamp,
                    value,
                }
            }));
        }
    }
    Ok(found)
}
