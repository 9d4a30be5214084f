//! A recording rule on its way through the past, and what it asks.

use narthex_model::TimeRange;
use narthex_model::{Error, ErrorKind, Labels, METRIC_NAME, Matcher, Result, TimestampMs};
use narthex_promql::QueryValue;
use narthex_rules::backfill::{Instants, Recorder, RuleAt, Series};
use narthex_rules::eval::Settings;
use narthex_rules::file::GroupSpec;
use narthex_rules::{Reads, SampleValue};
use narthex_sql::{Database, Grid, QueryOptions, Times};

use super::RuleReport;
use crate::ruling::samples;

/// Instants that are evaluated by one query; fewer once a query comes upon a limit.
const STEPS_MAX: u64 = 4_096;

/// What an expression may say about the times of its query as a whole, which on a server is one instant.
const OF_THE_SPAN: [&str; 4] = ["start()", "end()", "step()", "range()"];

/// A rule that is being evaluated.
pub(super) struct Running {
    group: String,
    /// All its instants.
    pub(super) instants: Instants,
    pub(super) recorder: Recorder,
    query: String,
    /// What it is called where it is noted which times are done: another one if it, or what it reads, is changed.
    pub(super) source: String,
    /// Instants of one query.
    steps_max: u64,
    by_instant: bool,
}

impl Running {
    /// The rule at `at`; `before` are the stages before its own.
    pub(super) fn new(
        groups: &[GroupSpec],
        at: RuleAt,
        settings: &Settings,
        range: TimeRange,
        before: &[Vec<Self>],
    ) -> Option<Self> {
        let group = groups.get(at.0)?;
        let rule = group.rules.get(at.1)?;
        let instants = Instants::of_group(group, settings, range);
        let query = rule.expr.to_string();
        let read = before.iter().flatten();
        let read = read.filter(|r| rule.reads(&r.recorder.rule().name) != Reads::No);
        let mut parts: Vec<_> = read.map(|r| r.source.clone()).collect();
        parts.push(rule.to_yaml());
        parts.push(format!("{} {}", instants.step, group.limit));
        parts.push(format!("{}", instants.first.rem_euclid(instants.step)));
        let by_instant = OF_THE_SPAN.iter().any(|text| query.contains(text));
        Some(Self {
            group: group.name.clone(),
            instants,
            recorder: Recorder::new(rule.clone(), group.limit),
            source: source(&parts),
            query,
            steps_max: if by_instant { 1 } else { STEPS_MAX },
            by_instant,
        })
    }

    /// The metric that it records.
    pub(super) fn name(&self) -> &str {
        &self.recorder.rule().name
    }

    /// What all series match that it records.
    pub(super) fn matchers(&self) -> Vec<Matcher> {
        let labels = self.recorder.rule().labels.iter();
        let own = labels.map(|(name, value)| Matcher::equal(name.as_str(), value.as_str()));
        let name = Matcher::equal(METRIC_NAME, self.name());
        std::iter::once(name).chain(own).collect()
    }

    /// What it has recorded.
    pub(super) fn report(&self, is_counted: bool) -> RuleReport {
        RuleReport {
            group: self.group.clone(),
            name: self.name().to_owned(),
            recorded: self.recorder.recorded().clone(),
            is_counted,
        }
    }

    /// Evaluates as many of the next instants as can be at once: what is to be written, and the instants that are left.
    pub(super) async fn step(
        &mut self,
        database: &Database,
        instants: Instants,
    ) -> Result<(Vec<Series>, Instants)> {
        if !self.recorder.knows_what_was() && instants.first > self.instants.first {
            let before = instants.one_before();
            let found = self.ask(database, before).await;
            let found = found.map_err(|e| self.named(e, before.first))?;
            self.record(before, found, instants.first)?;
        }
        loop {
            let (part, rest) = instants.split(self.steps_max);
            match self.ask(database, part).await {
                Ok(found) => return Ok((self.record(part, found, part.first)?, rest)),
                Err(error) if error.kind() == ErrorKind::Limit && self.steps_max > 1 => {
                    self.steps_max = part.count().min(self.steps_max).div_ceil(2).max(1);
                }
                Err(error) => return Err(self.named(error, part.first)),
            }
        }
    }

    fn record(
        &mut self,
        instants: Instants,
        found: Vec<Series>,
        from: TimestampMs,
    ) -> Result<Vec<Series>> {
        let series = self.recorder.record(instants, found, from);
        series.map_err(|e| self.named(Error::invalid(e), instants.first))
    }

    fn named(&self, error: Error, at: TimestampMs) -> Error {
        let (group, name, at) = (&self.group, self.name(), crate::times::format_time(at));
        error.context(format!("group {group:?}, rule {name:?}, from {at} on"))
    }

    async fn ask(&self, database: &Database, instants: Instants) -> Result<Vec<Series>> {
        let times = match self.by_instant {
            true => Times::Instant(instants.first),
            false => Times::Range(Grid {
                start: instants.first,
                end: instants.last,
                step: instants.step,
            }),
        };
        let answer = database.query(&self.query, times, QueryOptions::default());
        match answer.await?.output.value {
            QueryValue::Matrix(series) if !self.by_instant => Ok(series
                .into_iter()
                .map(|series| Series {
                    labels: series.labels,
                    timestamps: series.timestamps,
                    values: series.values,
                    histograms: series.histograms,
                })
                .collect()),
            value => {
                let samples = samples(value)?.into_iter();
                Ok(samples
                    .map(|s| single(s.labels, instants.first, s.value))
                    .collect())
            }
        }
    }
}

/// A series of one sample.
fn single(labels: Labels, at: TimestampMs, value: SampleValue) -> Series {
    let mut series = Series {
        labels,
        timestamps: Vec::new(),
        values: Vec::new(),
        histograms: Vec::new(),
    };
    match value {
        SampleValue::Float(value) => {
            series.timestamps.push(at);
            series.values.push(value);
        }
        SampleValue::Histogram(shown) => series.histograms.push((at, shown.histogram)),
    }
    series
}

fn source(parts: &[String]) -> String {
    let text = parts.join("\n");
    let id = Labels::new([("rule", text.as_str())]).map_or(0, |labels| labels.as_ref().id());
    format!("rules/{id:016x}")
}
