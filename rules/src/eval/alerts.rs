//! The alerts of one rule, from evaluation to evaluation. Nothing here asks for the time or waits.

use std::collections::{BTreeMap, HashMap};

use narthex_model::{Labels, METRIC_NAME, TimestampMs, is_stale};

use super::alert::{Alert, AlertState, Ended, Instance};
use crate::file::AlertSpec;
use crate::query::LastSample;

/// The metric of alerts that are pending or firing.
pub const ALERTS: &str = "ALERTS";
/// The metric that remembers since when their condition holds.
pub const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";
/// The label that names the alert.
pub const ALERT_NAME: &str = "alertname";
const ALERT_STATE: &str = "alertstate";

/// The alerts of one rule, by label set.
#[derive(Debug, Clone)]
pub struct Alerts {
    active: BTreeMap<Labels, Alert>,
    /// The labels of the rule, as they are in its file.
    rule_labels: BTreeMap<String, String>,
    /// Whether what a run before this one knew was taken over: only then is it known since when conditions hold.
    restored: bool,
}

/// A float sample that a rule gives.
pub type Output = (Labels, f64);

impl Alerts {
    /// No alerts yet. `restored`: there is nothing to take over from a run before this one.
    pub fn new(rule_labels: BTreeMap<String, String>, restored: bool) -> Self {
        Self {
            active: BTreeMap::new(),
            rule_labels,
            restored,
        }
    }

    /// Goes from one evaluation to the next: `found` are the alerts whose condition holds at `at`. Gives the samples of
    /// `ALERTS` and `ALERTS_FOR_STATE`.
    ///
    /// # Errors
    /// Two alerts with the same labels: nothing has changed. More than `limit` (0: any number): all are forgotten.
    pub fn step(
        &mut self,
        found: Vec<Instance>,
        at: TimestampMs,
        rule: &AlertSpec,
        limit: usize,
    ) -> Result<Vec<Output>, String> {
        let mut holds = HashMap::with_capacity(found.len());
        for instance in found {
            if holds.insert(instance.labels.clone(), instance).is_some() {
                return Err(SAME_LABELS.to_owned());
            }
        }
        let mut live = 0;
        for (labels, mut alert) in std::mem::take(&mut self.active) {
            match holds.remove(&labels) {
                Some(instance) => {
                    // One that was resolved begins anew.
                    if alert.state == AlertState::Inactive {
                        alert = Alert::new(instance, at);
                    } else {
                        alert.refresh(instance);
                    }
                    alert.holds(at, rule.hold_ms);
                    live += 1;
                }
                None => match alert.ends(at, rule.keep_firing_ms) {
                    Ended::Forgotten => continue,
                    Ended::GoesOn => live += 1,
                    Ended::Remembered => {}
                },
            }
            self.active.insert(labels, alert);
        }
        for (labels, instance) in holds {
            let mut alert = Alert::new(instance, at);
            alert.holds(at, rule.hold_ms);
            live += 1;
            self.active.insert(labels, alert);
        }
        if limit > 0 && live > limit {
            self.active.clear();
            return Err(format!("exceeded limit of {limit} with {live} alerts"));
        }
        Ok(self.samples())
    }

    fn samples(&self) -> Vec<Output> {
        if !self.restored {
            return Vec::new();
        }
        let mut samples = Vec::new();
        for alert in self.active() {
            let alerts = self.series(
                alert,
                [(METRIC_NAME, ALERTS), (ALERT_STATE, alert.state.as_str())],
            );
            let since = self.series(alert, [(METRIC_NAME, ALERTS_FOR_STATE)]);
            samples.push((alerts, 1.0));
            samples.push((since, alert.active_at.div_euclid(1000) as f64));
        }
        samples
    }

    /// The labels of a series about an alert. A label whose template gives nothing has its template there: so it is in Prometheus.
    fn series<const N: usize>(&self, alert: &Alert, more: [(&str, &str); N]) -> Labels {
        let rule = self
            .rule_labels
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()));
        let mut labels: BTreeMap<&str, &str> = rule.collect();
        labels.extend(alert.labels.iter());
        labels.extend(more);
        // The names of a map are no duplicates, and none of them is empty.
        Labels::new(labels).unwrap_or_else(|_| Labels::empty())
    }

    /// The alerts that are pending or firing.
    pub fn active(&self) -> impl Iterator<Item = &Alert> {
        self.all()
            .filter(|alert| alert.state != AlertState::Inactive)
    }

    /// All that are remembered, those that are resolved too.
    pub fn all(&self) -> impl Iterator<Item = &Alert> {
        self.active.values()
    }

    /// The alerts to be sent at `at`; they are taken as sent then. They stay valid for four evaluations, or four times of
    /// sending if that is longer.
    pub fn to_send(
        &mut self,
        at: TimestampMs,
        resend_delay_ms: i64,
        interval_ms: i64,
    ) -> Vec<Alert> {
        let due = |alert: &&mut Alert| alert.needs_sending(at, resend_delay_ms);
        let valid_until = at.saturating_add(4 * resend_delay_ms.max(interval_ms));
        let send = |alert: &mut Alert| {
            alert.last_sent_at = Some(at);
            alert.valid_until = Some(valid_until);
            alert.clone()
        };
        self.active.values_mut().filter(due).map(send).collect()
    }

    /// Whether what a run before this one knew was taken over.
    pub fn is_restored(&self) -> bool {
        self.restored
    }

    /// Takes over since when conditions hold, from the last samples of `ALERTS_FOR_STATE` that a run before this one wrote.
    /// Nothing changes for a rule whose alerts fire sooner than `grace_ms` after their condition begins to hold.
    pub fn restore(
        &mut self,
        stored: &[LastSample],
        now: TimestampMs,
        hold_ms: i64,
        grace_ms: i64,
    ) {
        self.restored = true;
        if hold_ms < grace_ms {
            return;
        }
        let stored: HashMap<&Labels, &LastSample> = stored
            .iter()
            .map(|sample| (&sample.labels, sample))
            .collect();
        let mut active = std::mem::take(&mut self.active);
        for alert in active.values_mut() {
            let series = self.series(alert, [(METRIC_NAME, ALERTS_FOR_STATE)]);
            match stored.get(&series) {
                Some(sample) if !is_stale(sample.value) => {
                    alert.active_at = restored(sample, now, hold_ms, grace_ms);
                }
                _ => {}
            }
        }
        self.active = active;
    }
}

/// Since when the condition of an alert counts as holding, after the time that nobody looked.
fn restored(last: &LastSample, now: TimestampMs, hold_ms: i64, grace_ms: i64) -> TimestampMs {
    let down_at = last.timestamp.div_euclid(1000) * 1000;
    // A float out of range becomes the nearest that is in range.
    let active_at = (last.value as i64).saturating_mul(1000);
    let remaining = hold_ms.saturating_sub(down_at.saturating_sub(active_at));
    if remaining <= 0 {
        // It fired already, and fires again at once.
        active_at
    } else if remaining < grace_ms {
        // It fires when the time of grace is over.
        now + grace_ms - hold_ms
    } else {
        // The time that nobody looked does not count.
        active_at.saturating_add(now - down_at)
    }
}

const SAME_LABELS: &str =
    "vector contains metrics with the same labelset after applying alert labels";

#[cfg(test)]
mod tests;
