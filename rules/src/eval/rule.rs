//! A rule between its evaluations.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{LabelError, Labels, LabelsRef, METRIC_NAME, TimestampMs};

use super::alert::AlertState;
use super::alerts::Alerts;
use super::expand::{Expander, Texts};
use super::settings::{Settings, World};
use super::status::{Health, RuleStatus};
use crate::file::RuleSpec;
use crate::query::Found;
use crate::{SampleValue, VectorSample};

/// A rule, and what is known of it.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) spec: Arc<RuleSpec>,
    /// The expression as text.
    pub(super) query: Arc<str>,
    /// If it is an alert.
    pub(super) alerting: Option<Alerting>,
    pub(super) health: Health,
    pub(super) last_error: Option<Arc<str>>,
    /// How long the last evaluation took.
    pub(super) took: Duration,
    /// When it was last evaluated.
    pub(super) evaluated_at: Option<TimestampMs>,
    /// The series of its last good evaluation.
    pub(super) series: HashSet<Labels>,
}

/// The alerts of a rule, and how their texts are made.
#[derive(Debug)]
pub(super) struct Alerting {
    pub(super) alerts: Alerts,
    texts: Texts,
}

impl Rule {
    /// A rule that has not been evaluated. `restored`: there is nothing to take over from a run before this one.
    pub(super) fn new(spec: RuleSpec, restored: bool) -> Self {
        let alerting = spec.alert().map(|alert| Alerting {
            alerts: Alerts::new(spec.labels.clone(), restored),
            texts: Texts::new(&spec.name, &spec.labels, &alert.annotations),
        });
        Self {
            query: spec.expr.to_string().into(),
            spec: Arc::new(spec),
            alerting,
            health: Health::Unknown,
            last_error: None,
            took: Duration::ZERO,
            evaluated_at: None,
            series: HashSet::new(),
        }
    }

    /// Goes on where `old` is.
    pub(super) fn take_over(&mut self, old: &mut Self) {
        self.series = std::mem::take(&mut old.series);
        if let (Some(new), Some(old)) = (&mut self.alerting, &mut old.alerting) {
            std::mem::swap(&mut new.alerts, &mut old.alerts);
        }
    }

    /// Whether it takes the place of `other` after the configuration has changed.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name && self.spec.labels == other.spec.labels
    }

    /// What it gives at `at`.
    ///
    /// # Errors
    /// Why it gives nothing; alerts are as they were, unless there are too many.
    pub(super) async fn evaluate(
        &mut self,
        found: Found,
        at: TimestampMs,
        limit: usize,
        world: &World,
        settings: &Settings,
    ) -> Result<Vec<VectorSample>, String> {
        let samples = found.result.map_err(|e| e.to_string())?;
        let (Some(alerting), Some(spec)) = (&mut self.alerting, self.spec.alert()) else {
            return recorded(&self.spec, samples, limit);
        };
        let mut expander = Expander::new(world, settings, at);
        let instances = expander.instances(&alerting.texts, &samples).await?;
        let samples = alerting.alerts.step(instances, at, spec, limit)?;
        let sample = |(labels, value)| VectorSample {
            labels,
            value: SampleValue::Float(value),
        };
        Ok(samples.into_iter().map(sample).collect())
    }

    pub(super) fn succeed(&mut self) {
        self.health = Health::Good;
        self.last_error = None;
    }

    pub(super) fn fail(&mut self, message: &str) {
        self.health = Health::Bad;
        self.last_error = Some(message.into());
    }

    /// What there is to know of it.
    pub(super) fn status(&self) -> RuleStatus {
        let alerts = self.alerting.as_ref().map(|a| &a.alerts);
        let state = alerts.map(|alerts| match self.evaluated_at {
            None => AlertState::Unknown,
            Some(_) => alerts
                .active()
                .map(|a| a.state)
                .max()
                .unwrap_or(AlertState::Inactive),
        });
        RuleStatus {
            spec: self.spec.clone(),
            query: self.query.clone(),
            health: self.health,
            last_error: self.last_error.clone(),
            evaluation_time: self.took,
            last_evaluation: self.evaluated_at,
            state,
            alerts: alerts.map_or_else(Vec::new, |alerts| alerts.active().cloned().collect()),
        }
    }
}

/// The labels under which a recording rule records a series: the rule's name and labels, and what is left of the series' own.
///
/// # Errors
/// Labels that form no set.
pub fn recorded_labels(rule: &RuleSpec, series: LabelsRef<'_>) -> Result<Labels, LabelError> {
    let is_own = |name: &str| name == METRIC_NAME || rule.labels.contains_key(name);
    let kept = series.iter().filter(|l| !is_own(l.0));
    let own = rule.labels.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    Labels::new(kept.chain(own).chain([(METRIC_NAME, rule.name.as_str())]))
}

/// The samples of a recording rule under its name and with its labels.
fn recorded(
    spec: &RuleSpec,
    samples: Vec<VectorSample>,
    limit: usize,
) -> Result<Vec<VectorSample>, String> {
    let mut seen = HashSet::with_capacity(samples.len());
    let mut recorded = Vec::with_capacity(samples.len());
    for sample in samples {
        let labels = recorded_labels(spec, sample.labels.as_ref()).map_err(|e| e.to_string())?;
        if !seen.insert(labels.clone()) {
            return Err(SAME_LABELS.to_owned());
        }
        let value = sample.value;
        recorded.push(VectorSample { labels, value });
    }
    if limit > 0 && recorded.len() > limit {
        return Err(format!(
            "exceeded limit of {limit} with {} series",
            recorded.len()
        ));
    }
    Ok(recorded)
}

/// Why a rule fails two of whose series would be one.
pub(crate) const SAME_LABELS: &str =
    "vector contains metrics with the same labelset after applying rule labels";
