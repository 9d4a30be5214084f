//! Asks a system over HTTP, with a limit on every wait.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use narthex_model::{Error, Result, TimestampMs};

use crate::answer::Answer;
use crate::peers::Kind;
use crate::queries::Query;

/// The longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(600);

#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    kind: Kind,
}

impl Client {
    pub(crate) fn new(base: String, kind: Kind) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(ANSWER_MAX)
            .tcp_nodelay(true)
            .no_gzip()
            .build()
            .map_err(|e| Error::internal("cannot make an HTTP client").with_source(e))?;
        Ok(Self { http, base, kind })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<String> {
        self.told(self.http.get(self.url(path))).await
    }

    pub(crate) async fn post(&self, path: &str) -> Result<String> {
        self.told(self.http.post(self.url(path))).await
    }

    /// Asks `query` for the span that ends at `end_ms` and starts no earlier than `first_ms`. Returns the seconds
    /// until the whole answer was here, and the answer's text.
    pub(crate) async fn ask(
        &self,
        query: &Query,
        first_ms: TimestampMs,
        end_ms: TimestampMs,
    ) -> Result<(f64, String)> {
        let request = match &query.metadata {
            Some(what) => self.metadata(what, &query.query, first_ms, end_ms),
            None => self.query(query, first_ms, end_ms)?,
        };
        let started = Instant::now();
        let text = self.told(request).await?;
        Ok((started.elapsed().as_secs_f64(), text))
    }

    fn query(
        &self,
        query: &Query,
        first_ms: TimestampMs,
        end_ms: TimestampMs,
    ) -> Result<reqwest::RequestBuilder> {
        let (path, mut form) = self.request(query, first_ms, end_ms)?;
        let extras = self.kind.query_extras().iter();
        form.extend(extras.map(|(name, value)| (*name, (*value).to_owned())));
        Ok(self.http.post(self.url(path)).form(&form))
    }

    /// Not every system takes a form for the values of a label.
    fn metadata(
        &self,
        what: &str,
        selector: &str,
        first_ms: TimestampMs,
        end_ms: TimestampMs,
    ) -> reqwest::RequestBuilder {
        let mut parameters = vec![("start", seconds(first_ms)), ("end", seconds(end_ms))];
        if !selector.is_empty() {
            parameters.push(("match[]", selector.to_owned()));
        }
        let url = self.url(&format!("/api/v1/{what}"));
        self.http.get(url).query(&parameters)
    }

    /// Where to, and with which parameters.
    fn request(
        &self,
        query: &Query,
        first_ms: TimestampMs,
        end_ms: TimestampMs,
    ) -> Result<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(sql) = query.sql(self.kind, first_ms, end_ms) {
            return Ok(("/api/v1/sql", vec![("query", sql)]));
        }
        let mut form = vec![("query", query.query.clone())];
        let Some((span_ms, step_ms)) = query.range()? else {
            form.push(("time", seconds(end_ms)));
            return Ok(("/api/v1/query", form));
        };
        form.push(("start", seconds(first_ms.max(end_ms - span_ms))));
        form.push(("end", seconds(end_ms)));
        form.push(("step", seconds(step_ms)));
        Ok(("/api/v1/query_range", form))
    }

    /// The number of samples of `metrics` from `first_ms` to `end_ms`, both included. Each metric is asked for by
    /// itself: `count_over_time` drops the names, and series may differ in nothing else.
    pub(crate) async fn count_samples(
        &self,
        metrics: &BTreeSet<String>,
        first_ms: TimestampMs,
        end_ms: TimestampMs,
    ) -> Result<u64> {
        let window_ms = end_ms - first_ms + 1;
        let mut count = 0.0;
        for metric in metrics {
            let text = format!("sum(count_over_time({metric}[{window_ms}ms]))");
            let (_, text) = self.ask(&Query::instant(text), first_ms, end_ms).await?;
            count += Answer::read(&text)?.only_value().unwrap_or(0.0);
        }
        Ok(count as u64)
    }

    async fn told(&self, request: reqwest::RequestBuilder) -> Result<String> {
        let failed =
            |e| Error::unavailable(format!("cannot ask {}", self.kind.name())).with_source(e);
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let text = answer.text().await.map_err(failed)?;
        if status.is_success() {
            return Ok(text);
        }
        let quote: String = text.trim().chars().take(300).collect();
        Err(Error::invalid(format!(
            "{} answered {status}: {quote}",
            self.kind.name()
        )))
    }
}

fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}
