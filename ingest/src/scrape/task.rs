//! The loop of one target: wait, ask, append, write.

use std::sync::Arc;
use std::time::Duration;

use narthex_formats::parser_for;
use narthex_model::{Clock, Labels, Sink, TimestampMs, WriteBatch};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::append::{Appender, Body, Counts};
use super::client::Answer;
use super::report::{Outcome, Report};
use super::schedule::Schedule;
use super::status::{Health, TargetStatus};
use super::{Job, ScrapeError};
use crate::targets::Target;

/// What all loops share.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) discovery: crate::discovery::Context,
}

/// What a loop is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Go on.
    No,
    /// The target is gone: end its series when the next scrape would have been due.
    Retire,
    /// Stop at once and leave the series alone: we shut down, or another loop takes over.
    Exit,
}

/// The loop of one target.
pub(crate) struct Task {
    job: Arc<Job>,
    target: Arc<Target>,
    context: Context,
    schedule: Schedule,
    appender: Appender,
    report: Report,
    status: Arc<Mutex<TargetStatus>>,
    /// Set while the job has more targets than it may.
    over_limit: Arc<Mutex<Option<(u64, u64)>>>,
    /// The memory of the last body.
    buffer: Vec<u8>,
    scraped: bool,
}

/// What a loop begins with.
pub(crate) struct Start {
    pub(crate) job: Arc<Job>,
    pub(crate) target: Arc<Target>,
    pub(crate) status: Arc<Mutex<TargetStatus>>,
    pub(crate) over_limit: Arc<Mutex<Option<(u64, u64)>>>,
    /// Live series of the loop this one takes over from.
    pub(crate) inherited: Vec<Labels>,
}

impl Task {
    pub(crate) fn new(start: Start, context: Context) -> Self {
        let Start {
            job,
            target,
            status,
            over_limit,
            inherited,
        } = start;
        let scraped = status.lock().last_scrape.is_some();
        let extra = job.config.extra_scrape_metrics.unwrap_or(false);
        Self {
            schedule: Schedule::new(target.interval, target.key().spread()),
            scraped,
            appender: job.appender(&target.labels, inherited),
            report: Report::new(&target.labels, target.timeout, job.limits, extra),
            buffer: Vec::new(),
            job,
            target,
            context,
            status,
            over_limit,
        }
    }

    /// Scrapes until told to stop; gives back the series that are live then.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<Stop>) -> Vec<Labels> {
        let clock = self.context.clock.clone();
        let mut last = None;
        let next = loop {
            let due = self.schedule.next(clock.now_ms(), last);
            tokio::select! {
                biased;
                () = stopped(&mut stop) => break due,
                () = clock.sleep_until(due) => {}
            }
            last = Some(due);
            let at = self.schedule.timestamp(due, clock.now_ms());
            let began = clock.monotonic();
            let buffer = std::mem::take(&mut self.buffer);
            let answer = tokio::select! {
                biased;
                () = stopped(&mut stop) => break self.schedule.next(clock.now_ms(), last),
                answer = self.ask(buffer) => answer,
            };
            self.store(answer, at, began).await;
        };
        let retired = *stop.borrow() == Stop::Retire;
        if retired {
            tokio::select! {
                biased;
                () = must_exit(&mut stop) => {}
                () = clock.sleep_until(next) => self.end_series(next).await,
            }
        }
        self.appender.cache.take_live().into_iter().collect()
    }

    async fn ask(&self, buffer: Vec<u8>) -> Result<Answer, ScrapeError> {
        if let Some((found, limit)) = *self.over_limit.lock() {
            return Err(ScrapeError::TargetLimit { found, limit });
        }
        self.job.client.fetch(&self.target, buffer).await
    }

    /// Writes the batch of a scrape: its samples if all went well, else stale markers; and the report.
    async fn store(
        &mut self,
        answer: Result<Answer, ScrapeError>,
        at: TimestampMs,
        began: Duration,
    ) {
        let mut batch = WriteBatch::new();
        let mut counts = Counts::default();
        let mut body_bytes = 0;
        let appended = match answer {
            Ok(answer) => {
                body_bytes = answer.body.len() as i64;
                let appended = self.append(&answer, at, &mut batch, &mut counts);
                self.buffer = answer.body;
                appended
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &appended {
            if matches!(error, ScrapeError::BodySize(_)) {
                body_bytes = -1;
            }
            batch = WriteBatch::new();
            self.appender.append_nothing(at, &mut batch);
        }
        let duration = self.context.clock.monotonic().saturating_sub(began);
        let outcome = Outcome {
            up: appended.is_ok(),
            duration,
            counts,
            body_bytes,
        };
        self.report.append(&outcome, at, &mut batch);
        self.scraped = true;
        let stored = self.write(batch).await;
        self.note(
            at,
            &outcome,
            appended.map_err(|e| e.to_string()).and(stored),
        );
    }

    fn append(
        &mut self,
        answer: &Answer,
        at: TimestampMs,
        batch: &mut WriteBatch,
        counts: &mut Counts,
    ) -> Result<(), ScrapeError> {
        let protocol = parser_for(answer.content_type.as_deref(), self.job.fallback())
            .map_err(ScrapeError::Format)?;
        let body = Body {
            bytes: &answer.body,
            protocol,
            at,
        };
        self.appender.append(&body, batch, counts)
    }

    async fn write(&mut self, batch: WriteBatch) -> Result<(), String> {
        match self.context.sink.write(batch).await {
            Ok(receipt) => {
                if let Some(first) = receipt.examples.first() {
                    let reason = first.reason.as_str();
                    tracing::warn!(url = %self.target.url, rejected = receipt.rejected, reason, "samples were rejected");
                }
                Ok(())
            }
            Err(error) => {
                self.appender.families.forget();
                tracing::error!(url = %self.target.url, %error, "cannot store a scrape");
                Err(format!("cannot store samples: {error}"))
            }
        }
    }

    fn note(&self, at: TimestampMs, outcome: &Outcome, result: Result<(), String>) {
        if outcome.counts.refused > 0 {
            let refused = outcome.counts.refused;
            tracing::warn!(url = %self.target.url, refused, "samples with the same series twice, or too far in the future");
        }
        if let Err(error) = &result {
            tracing::debug!(url = %self.target.url, error, "a scrape failed");
        }
        let mut status = self.status.lock();
        status.health = if outcome.up { Health::Up } else { Health::Down };
        status.last_error = result.err();
        status.last_scrape = Some(at);
        status.last_duration = outcome.duration;
    }

    /// Writes stale markers for everything.
    async fn end_series(&mut self, at: TimestampMs) {
        if !self.scraped {
            return;
        }
        let mut batch = WriteBatch::new();
        self.appender.append_nothing(at, &mut batch);
        self.report.append_stale(at, &mut batch);
        // An error was logged, and nobody is left to be told.
        let _ = self.write(batch).await;
    }
}

/// Ends when the loop is told to stop in some way, or forgotten.
async fn stopped(stop: &mut watch::Receiver<Stop>) {
    let _ = stop.wait_for(|s| *s != Stop::No).await;
}

/// Ends when a retired loop is told not to wait any longer. Forgotten, it still ends its series.
async fn must_exit(stop: &mut watch::Receiver<Stop>) {
    if stop.wait_for(|s| *s == Stop::Exit).await.is_err() {
        std::future::pending::<()>().await;
    }
}
