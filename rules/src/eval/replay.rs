//! What an alerting rule would have said: its alerts over times that are past.

use std::collections::{BTreeMap, HashMap};

use narthex_model::{Labels, TimestampMs};

use super::alert::{Alert, AlertState};
use super::alerts::Alerts;
use super::expand::{Expander, Texts};
use super::settings::{Settings, World};
use crate::VectorSample;
use crate::file::{AlertSpec, RuleSpec};

/// A span of time in which an alert would have fired, or nearly.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Its labels.
    pub labels: Labels,
    /// Its annotations as they were when it began to fire; none if it did not.
    pub annotations: BTreeMap<String, String>,
    /// The value when its condition began to hold.
    pub value: f64,
    /// When its condition began to hold.
    pub active_at: TimestampMs,
    /// When it began to fire.
    pub fired_at: Option<TimestampMs>,
    /// When it ended; `None` if it has not by the last time that was looked at.
    pub ended_at: Option<TimestampMs>,
}

/// An alerting rule on its way through the past.
///
/// [`Replay::step`] is given what the rule's expression gives, as from a range query, time by time; [`Replay::finish`] tells the
/// episodes. Labels are made for each sample, since they tell alerts apart; annotations only when an alert begins to fire.
#[derive(Debug)]
pub struct Replay {
    alert: AlertSpec,
    labels: Texts,
    annotations: Texts,
    alerts: Alerts,
    /// Those that have not ended.
    open: HashMap<Labels, Episode>,
    ended: Vec<Episode>,
}

impl Replay {
    /// The replay of a rule, `None` if it is no alert.
    pub fn new(rule: &RuleSpec) -> Option<Self> {
        let alert = rule.alert()?.clone();
        Some(Self {
            labels: Texts::new(&rule.name, &rule.labels, &BTreeMap::new()),
            annotations: Texts::new(&rule.name, &rule.labels, &alert.annotations),
            alerts: Alerts::new(rule.labels.clone(), false),
            alert,
            open: HashMap::new(),
            ended: Vec::new(),
        })
    }

    /// Goes to the time `at`, which is later than that of the step before. `samples` are what the expression gives then; the queries
    /// of templates are asked of `world`.
    ///
    /// # Errors
    /// Why the rule cannot be evaluated.
    pub async fn step(
        &mut self,
        samples: &[VectorSample],
        at: TimestampMs,
        world: &World,
        settings: &Settings,
    ) -> Result<(), String> {
        if samples.is_empty() && self.open.is_empty() {
            return Ok(());
        }
        let mut expander = Expander::new(world, settings, at);
        let instances = expander.instances(&self.labels, samples).await?;
        let labels: Vec<_> = instances
            .iter()
            .map(|instance| instance.labels.clone())
            .collect();
        self.alerts.step(instances, at, &self.alert, 0)?;
        let active: HashMap<Labels, Alert> = self
            .alerts
            .active()
            .map(|alert| (alert.labels.clone(), alert.clone()))
            .collect();
        self.end_gone(&active, at);
        for (own, alert) in active {
            let episode = self
                .open
                .entry(own)
                .or_insert_with_key(|own| begin(own, &alert));
            let fires = alert.state == AlertState::Firing && episode.fired_at.is_none();
            episode.fired_at = alert.fired_at;
            let sample = labels.iter().position(|labels| *labels == episode.labels);
            if let Some(sample) = sample.and_then(|i| samples.get(i)).filter(|_| fires) {
                let texts = expander
                    .instances(&self.annotations, std::slice::from_ref(sample))
                    .await?;
                episode.annotations = texts
                    .into_iter()
                    .next()
                    .map(|t| t.annotations)
                    .unwrap_or_default();
            }
        }
        Ok(())
    }

    fn end_gone(&mut self, active: &HashMap<Labels, Alert>, at: TimestampMs) {
        let gone = self.open.extract_if(|labels, episode| {
            // One that ended and began again between two steps is not known to have ended.
            active
                .get(labels)
                .is_none_or(|alert| alert.active_at != episode.active_at)
        });
        self.ended.extend(gone.map(|(_, episode)| Episode {
            ended_at: Some(at),
            ..episode
        }));
    }

    /// The episodes, in order of their beginning.
    pub fn finish(self) -> Vec<Episode> {
        let mut all = self.ended;
        all.extend(self.open.into_values());
        all.sort_by(|a, b| (a.active_at, &a.labels).cmp(&(b.active_at, &b.labels)));
        all
    }
}

fn begin(labels: &Labels, alert: &Alert) -> Episode {
    Episode {
        labels: labels.clone(),
        annotations: BTreeMap::new(),
        value: alert.value,
        active_at: alert.active_at,
        fired_at: None,
        ended_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::testing::{sample, stage};
    use crate::file::{LoadOptions, parse};

    #[tokio::test]
    async fn episodes() {
        let text = "groups: [{name: g, rules: [{alert: A, expr: x, for: 1m, annotations: {v: '{{ $value }}'}}]}]";
        let groups = parse(text, "f", &LoadOptions::default()).expect("valid");
        let mut replay = Replay::new(&groups[0].rules[0]).expect("an alert");
        let (stage, settings) = (stage(), Settings::default());
        // Minute by minute: two series, and when their condition holds.
        for (minute, holds) in [
            (0, "a"),
            (1, "ab"),
            (2, "a"),
            (3, ""),
            (4, "b"),
            (5, "b"),
            (6, "b"),
        ] {
            let samples: Vec<_> = holds
                .chars()
                .map(|c| sample(&[("i", &c.to_string())], f64::from(minute)))
                .collect();
            let at = i64::from(minute) * 60_000;
            replay
                .step(&samples, at, &stage.world, &settings)
                .await
                .expect("good");
        }
        let shown: Vec<_> = replay
            .finish()
            .iter()
            .map(|e| {
                let minute =
                    |t: Option<i64>| t.map_or("-".to_owned(), |t| (t / 60_000).to_string());
                let (i, v) = (e.labels.get("i").unwrap_or(""), e.annotations.get("v"));
                let times = [Some(e.active_at), e.fired_at, e.ended_at].map(minute);
                format!("{i} {} v={}", times.join(" "), v.map_or("", String::as_str))
            })
            .collect();
        assert_eq!(shown, ["a 0 1 3 v=1", "b 1 - 2 v=", "b 4 5 - v=5"]);
    }
}
