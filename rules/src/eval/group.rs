//! A group of rules: evaluates them in order, writes what they give, ends what they give no more, tells of alerts.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{
    ErrorKind, Labels, METRIC_NAME, Matcher, Reading, Receipt, Result, TimeRange, TimestampMs,
    WriteBatch,
};

use super::alerts::{ALERT_NAME, ALERTS_FOR_STATE};
use super::metrics::GroupMetrics;
use super::outputs::{Given, Output, notification, push_all, push_stale, refused, write};
use super::rule::Rule;
use super::schedule::Schedule;
use super::settings::{Settings, World};
use super::status::GroupStatus;
use super::waves::waves;
use crate::VectorSample;
use crate::file::GroupSpec;
use crate::query::Found;

/// A group, and what is known of it.
#[derive(Debug)]
pub struct Group {
    spec: GroupSpec,
    settings: Arc<Settings>,
    interval_ms: i64,
    query_offset_ms: i64,
    rules: Vec<Rule>,
    waves: Vec<Range<usize>>,
    /// Series of rules that are gone.
    ended: Vec<Labels>,
    needs_restore: bool,
    evaluation_time: Duration,
    last_evaluation: Option<TimestampMs>,
    metrics: Arc<GroupMetrics>,
}

impl Group {
    /// A group that has not been evaluated. `restored`: there is nothing to take over from a run before this one.
    pub fn new(spec: GroupSpec, settings: Arc<Settings>, restored: bool) -> Self {
        let interval_ms = spec.interval_ms.unwrap_or(settings.evaluation_interval_ms);
        let rules: Vec<_> = spec
            .rules
            .iter()
            .cloned()
            .map(|rule| Rule::new(rule, restored))
            .collect();
        let metrics = GroupMetrics::default();
        metrics.rules.set(rules.len() as f64);
        metrics.interval_seconds.set(interval_ms as f64 / 1000.0);
        Self {
            interval_ms,
            query_offset_ms: spec.query_offset_ms.unwrap_or(settings.query_offset_ms),
            waves: waves(&spec.rules.iter().collect::<Vec<_>>()),
            rules,
            ended: Vec::new(),
            needs_restore: !restored,
            evaluation_time: Duration::ZERO,
            last_evaluation: None,
            metrics: Arc::new(metrics),
            spec,
            settings,
        }
    }

    /// Goes on where `old` is: rules with the same name and labels keep their alerts and series; if there are several, in order.
    /// The series of rules that are gone end with the next evaluation.
    pub fn take_over(&mut self, old: &mut Self) {
        self.evaluation_time = old.evaluation_time;
        self.last_evaluation = old.last_evaluation;
        self.needs_restore = old.needs_restore;
        self.ended = std::mem::take(&mut old.ended);
        if self.metrics_key() == old.metrics_key() {
            old.metrics.rules.set(self.rules.len() as f64);
            old.metrics
                .interval_seconds
                .set(self.interval_ms as f64 / 1000.0);
            self.metrics = old.metrics.clone();
        }
        let mut left: Vec<_> = old.rules.drain(..).map(Some).collect();
        for rule in &mut self.rules {
            let matches =
                |old: &&mut Option<Rule>| old.as_ref().is_some_and(|old| rule.is_same_as(old));
            let found = left.iter_mut().find(matches).and_then(Option::take);
            if let Some(mut found) = found {
                rule.take_over(&mut found);
            }
        }
        let gone = left.into_iter().flatten().flat_map(|rule| rule.series);
        self.ended.extend(gone);
    }

    /// What the file says of it.
    pub fn spec(&self) -> &GroupSpec {
        &self.spec
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// When it is evaluated.
    pub fn schedule(&self) -> Schedule {
        Schedule::new(&self.spec.file, &self.spec.name, self.interval_ms)
    }

    /// How often it is evaluated, in milliseconds.
    pub fn interval_ms(&self) -> i64 {
        self.interval_ms
    }

    /// Whether it has to take over what a run before this one knew: after its second evaluation, since at the first one not all
    /// that its rules read may be there.
    pub fn needs_restore(&self) -> bool {
        self.needs_restore
    }

    /// `file;name`, which tells groups apart.
    pub fn metrics_key(&self) -> String {
        format!("{};{}", self.spec.file, self.spec.name)
    }

    pub(super) fn metrics(&self) -> &Arc<GroupMetrics> {
        &self.metrics
    }

    /// What is counted of it.
    pub fn readings(&self) -> Vec<Reading> {
        self.metrics.read(&self.metrics_key())
    }

    /// The series of its last evaluation, and those that have still to be ended.
    pub fn series(&self) -> impl Iterator<Item = &Labels> {
        self.rules
            .iter()
            .flat_map(|rule| &rule.series)
            .chain(&self.ended)
    }

    /// What there is to know of it.
    pub fn status(&self) -> GroupStatus {
        GroupStatus {
            file: self.spec.file.clone(),
            name: self.spec.name.clone(),
            interval_ms: self.interval_ms,
            query_offset_ms: self.query_offset_ms,
            limit: self.spec.limit,
            evaluation_time: self.evaluation_time,
            last_evaluation: self.last_evaluation,
            rules: self.rules.iter().map(Rule::status).collect(),
        }
    }

    /// Counts evaluations that there was no time for.
    pub(super) fn pass_over(&self, missed: u64) {
        self.metrics.missed.add(missed);
        self.metrics.iterations.add(missed);
    }

    /// Evaluates all rules for the time `at`.
    pub async fn evaluate(&mut self, world: &World, at: TimestampMs) {
        let (began, wall) = (world.clock.monotonic(), world.clock.now_ms());
        self.metrics.iterations.add(1);
        let mut given = Given::default();
        for wave in self.waves.clone() {
            self.evaluate_wave(wave, world, at, &mut given).await;
        }
        self.end_gone(world, at, &given).await;
        self.evaluation_time = world.clock.monotonic().saturating_sub(began);
        self.last_evaluation = Some(wall);
        world.metrics.group_duration.observe(self.evaluation_time);
        self.metrics
            .last_duration_seconds
            .set(self.evaluation_time.as_secs_f64());
        self.metrics
            .last_evaluation_seconds
            .set(wall as f64 / 1000.0);
        self.metrics.samples.set(given.samples as f64);
    }

    /// Evaluates rules of which none reads what another one writes.
    async fn evaluate_wave(
        &mut self,
        wave: Range<usize>,
        world: &World,
        at: TimestampMs,
        given: &mut Given,
    ) {
        let sample_at = at - self.query_offset_ms;
        let rules = self.rules.get(wave.clone()).unwrap_or_default();
        let queries: Vec<_> = rules.iter().map(|rule| rule.query.clone()).collect();
        let found = world.query.instant(&queries, sample_at).await;
        let mut outputs = Vec::with_capacity(wave.len());
        for (at_rule, found) in wave.zip(found) {
            let samples = self.evaluate_rule(at_rule, found, world, at).await;
            let Some(samples) = samples else {
                continue;
            };
            given.samples += samples.len();
            let series: HashSet<_> = samples.iter().map(|sample| sample.labels.clone()).collect();
            given.series.extend(series.iter().cloned());
            outputs.push(Output {
                at_rule,
                series,
                samples,
            });
        }
        self.write_wave(outputs, world, sample_at, given).await;
    }

    /// What a rule gives, if it can be evaluated. Alerts are sent at once.
    async fn evaluate_rule(
        &mut self,
        at_rule: usize,
        found: Found,
        world: &World,
        at: TimestampMs,
    ) -> Option<Vec<VectorSample>> {
        let (limit, settings) = (self.spec.limit, self.settings.clone());
        let (queried, wall, began) = (found.took, world.clock.now_ms(), world.clock.monotonic());
        let rule = self.rules.get_mut(at_rule)?;
        self.metrics.evaluations.add(1);
        let samples = rule.evaluate(found, at, limit, world, &settings).await;
        rule.took = queried + world.clock.monotonic().saturating_sub(began);
        rule.evaluated_at = Some(wall);
        world.metrics.rule_duration.observe(rule.took);
        match samples {
            Ok(samples) => {
                rule.succeed();
                let query = rule.query.clone();
                if let Some(alerting) = &mut rule.alerting {
                    let delay = settings.resend_delay_ms;
                    let due = alerting.alerts.to_send(at, delay, self.interval_ms);
                    if !due.is_empty() {
                        let notifications =
                            due.into_iter().map(|a| notification(a, &query, &settings));
                        world.notify.notify(notifications.collect());
                    }
                }
                Some(samples)
            }
            Err(message) => {
                let (group, name) = (&self.spec.name, &rule.spec.name);
                tracing::warn!(group, rule = name, "evaluating the rule failed: {message}");
                rule.fail(&message);
                self.metrics.failures.add(1);
                None
            }
        }
    }

    /// Writes what the rules of a wave gave, at once if that is not too much.
    async fn write_wave(
        &mut self,
        outputs: Vec<Output>,
        world: &World,
        sample_at: TimestampMs,
        given: &Given,
    ) {
        let batch = self.batch(&outputs, sample_at, given);
        let written = write(batch, world).await;
        let is_clear = match &written {
            // One rule gives too much: the others are not to suffer.
            Err(error) => error.kind() != ErrorKind::Limit,
            // Not all that was refused is named, so it is not known whose it was. Writing again is safe.
            Ok(receipt) => receipt.rejected <= receipt.examples.len() as u64,
        };
        if outputs.len() == 1 || is_clear {
            outputs
                .into_iter()
                .for_each(|output| self.finish(output, &written));
            return;
        }
        for output in outputs {
            let batch = self.batch(std::slice::from_ref(&output), sample_at, given);
            let written = write(batch, world).await;
            self.finish(output, &written);
        }
    }

    /// The samples that rules gave, and ends of series that they give no more. What another rule of the group gives does not end.
    fn batch(&self, outputs: &[Output], sample_at: TimestampMs, given: &Given) -> WriteBatch {
        let mut batch = WriteBatch::new();
        for output in outputs {
            push_all(&mut batch, &output.samples, sample_at);
            let before = self
                .rules
                .get(output.at_rule)
                .into_iter()
                .flat_map(|rule| &rule.series);
            let gone = before.filter(|labels| !given.series.contains(*labels));
            gone.for_each(|labels| push_stale(&mut batch, labels, sample_at));
        }
        batch
    }

    /// Takes in what became of a rule's samples.
    fn finish(&mut self, output: Output, written: &Result<Receipt>) {
        let Some(rule) = self.rules.get_mut(output.at_rule) else {
            return;
        };
        let failed = match written {
            Err(error) => Some((error.to_string(), output.samples.len() as u64)),
            Ok(receipt) => refused(receipt, &output.series),
        };
        if let Some((message, samples)) = failed {
            let (group, name) = (&self.spec.name, &rule.spec.name);
            tracing::warn!(
                group,
                rule = name,
                samples,
                "writing what the rule gave failed: {message}"
            );
            rule.fail(&message);
            self.metrics.failures.add(1);
        }
        // If nothing is known of what was written, the series are compared with those of the last good evaluation again.
        if written.is_ok() {
            rule.series = output.series;
        }
    }

    /// Ends the series of rules that are gone.
    async fn end_gone(&mut self, world: &World, at: TimestampMs, given: &Given) {
        let mut batch = WriteBatch::new();
        let gone = self
            .ended
            .iter()
            .filter(|labels| !given.series.contains(*labels));
        gone.for_each(|labels| push_stale(&mut batch, labels, at - self.query_offset_ms));
        if batch.is_empty() || world.sink.write(batch).await.is_ok() {
            self.ended.clear();
        }
    }

    /// Ends all series at `at` that nobody else writes: the group is gone.
    pub async fn retire(
        &mut self,
        world: &World,
        at: TimestampMs,
        is_written: &(dyn Fn(&Labels) -> bool + Sync),
    ) {
        let mut batch = WriteBatch::new();
        let gone = self.series().filter(|labels| !is_written(labels));
        gone.for_each(|labels| push_stale(&mut batch, labels, at - self.query_offset_ms));
        if !batch.is_empty() {
            // There is nobody to tell: the group is gone, and its series end by themselves a little later.
            let _ = world.sink.write(batch).await;
        }
    }

    /// Takes over since when the conditions of alerts hold, as a run before this one wrote it down.
    ///
    /// # Errors
    /// If it cannot be read. Alerts count from now on then.
    pub async fn restore(&mut self, world: &World) -> Result<()> {
        let (began, now) = (world.clock.monotonic(), world.clock.now_ms());
        let settings = self.settings.clone();
        self.needs_restore = false;
        let mut result = Ok(());
        for rule in &mut self.rules {
            let (Some(alerting), Some(spec)) = (&mut rule.alerting, rule.spec.alert()) else {
                continue;
            };
            let mut stored = Vec::new();
            if spec.hold_ms >= settings.for_grace_ms {
                let matchers = [
                    Matcher::equal(METRIC_NAME, ALERTS_FOR_STATE),
                    Matcher::equal(ALERT_NAME, rule.spec.name.as_str()),
                ];
                let within = TimeRange::inclusive(now - settings.outage_tolerance_ms, now);
                match world.query.last(&matchers, within).await {
                    Ok(found) => stored = found,
                    Err(error) => result = Err(error.context("cannot restore the state of alerts")),
                }
            }
            alerting
                .alerts
                .restore(&stored, now, spec.hold_ms, settings.for_grace_ms);
        }
        let took = world.clock.monotonic().saturating_sub(began);
        self.metrics.last_restore_seconds.set(took.as_secs_f64());
        result
    }
}

#[cfg(test)]
mod tests;
