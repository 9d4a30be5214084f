//! The table of cases, and what must be seen of alerts at each evaluation.

use std::collections::BTreeMap;

use narthex_model::TimestampMs;
use narthex_rules::eval::{ALERTS, ALERTS_FOR_STATE, AlertState};
use serde::Deserialize;

/// Times are ticks: a sample of each series comes at every one, and an evaluation of each group at every second one.
#[derive(Debug, Deserialize)]
pub(super) struct Table {
    /// In seconds.
    tick: i64,
    /// When an alert is sent again.
    resent_after: i64,
    /// How long it may be taken as firing.
    valid_for: i64,
    /// How long its end is told.
    told_for: i64,
    pub(super) ticks: i64,
    pub(super) cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Case {
    group: serde_json::Value,
    pub(super) series: Vec<String>,
    alerts: Vec<AlertRow>,
}

/// The times that an alert is there.
#[derive(Debug, Deserialize)]
struct AlertRow {
    labels: Texts,
    lives: Vec<Life>,
}

#[derive(Debug, Deserialize)]
struct Life {
    active: i64,
    fires: Option<i64>,
    ends: i64,
    says: Vec<Says>,
}

/// Value and annotations from some tick on.
#[derive(Debug, Deserialize)]
struct Says {
    from: i64,
    value: f64,
    annotations: Texts,
}

pub(super) type Texts = BTreeMap<String, String>;

/// Samples by labels.
pub(super) type Stored = BTreeMap<Texts, Vec<(TimestampMs, f64)>>;

/// An alert that is pending or firing.
#[derive(Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) labels: Texts,
    pub(super) annotations: Texts,
    pub(super) state: AlertState,
    pub(super) value: f64,
    pub(super) active_at: TimestampMs,
    pub(super) fired_at: Option<TimestampMs>,
}

/// An alert as it is sent.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    pub(super) labels: Texts,
    pub(super) annotations: Texts,
    pub(super) starts_at: TimestampMs,
    pub(super) ends_at: TimestampMs,
}

impl Table {
    pub(super) fn read() -> Self {
        let text = include_str!("../../../tests/alert_generator/cases.json");
        serde_json::from_str(text).expect("the table is good")
    }

    /// A rule file with the groups of all cases.
    pub(super) fn rule_file(&self) -> String {
        let groups: Vec<_> = self.cases.iter().map(|case| &case.group).collect();
        serde_json::json!({ "groups": groups }).to_string()
    }

    /// This many ticks in milliseconds.
    pub(super) fn ms(&self, ticks: i64) -> i64 {
        ticks * self.tick * 1000
    }
}

impl Case {
    pub(super) fn name(&self) -> &str {
        self.group["name"].as_str().expect("a name")
    }
}

/// What must be seen of a case whose samples begin at `zero`, if one of its evaluations is at `slot`.
pub(super) struct Expected<'a> {
    pub(super) table: &'a Table,
    pub(super) case: &'a Case,
    pub(super) zero: TimestampMs,
    pub(super) slot: TimestampMs,
}

impl Expected<'_> {
    /// All evaluations in a span of time, its end included.
    pub(super) fn evaluations(
        &self,
        begin: TimestampMs,
        end: TimestampMs,
    ) -> impl Iterator<Item = TimestampMs> + use<> {
        let interval = self.table.ms(2);
        let first = begin + (self.slot - begin).rem_euclid(interval);
        (first..=end).step_by(interval as usize)
    }

    /// The first evaluation at or after a tick.
    fn seen(&self, tick: i64) -> TimestampMs {
        let at = self.zero + self.table.ms(tick);
        at + (self.slot - at).rem_euclid(self.table.ms(2))
    }

    /// What a life says after the evaluation at `at`.
    fn said<'l>(&self, life: &'l Life, at: TimestampMs) -> &'l Says {
        let says = life.says.iter().rev();
        let mut said = says.filter(|says| self.seen(says.from) <= at);
        said.next()
            .expect("it says something from its beginning on")
    }

    /// The alerts that are pending or firing after the evaluation at `at`.
    pub(super) fn shown(&self, at: TimestampMs) -> Vec<Shown> {
        let lives = self.case.alerts.iter();
        let lives = lives.flat_map(|alert| alert.lives.iter().map(move |life| (alert, life)));
        let active = lives.filter(|(_, l)| self.seen(l.active) <= at && at < self.seen(l.ends));
        let shown = active.map(|(alert, life)| {
            let says = self.said(life, at);
            let fired_at = life.fires.map(|tick| self.seen(tick)).filter(|t| *t <= at);
            let state = fired_at.map_or(AlertState::Pending, |_| AlertState::Firing);
            Shown {
                labels: alert.labels.clone(),
                annotations: says.annotations.clone(),
                state,
                value: says.value,
                active_at: self.seen(life.active),
                fired_at,
            }
        });
        shown.collect()
    }

    /// What is told after the evaluation at `at`, in order.
    pub(super) fn told(&self, at: TimestampMs) -> Vec<Told> {
        let alerts = self.case.alerts.iter();
        alerts.filter_map(|alert| self.told_of(alert, at)).collect()
    }

    fn told_of(&self, alert: &AlertRow, at: TimestampMs) -> Option<Told> {
        let again = self.table.ms(self.table.resent_after);
        let mut begun = alert.lives.iter().rev();
        // Whatever was before it is forgotten.
        let life = begun.find(|life| self.seen(life.active) <= at)?;
        let (starts_at, end) = (self.seen(life.fires?), self.seen(life.ends));
        let is_due = |since| at >= since && (at - since) % again == 0;
        let ends_at = if at < end {
            is_due(starts_at).then(|| at + self.table.ms(self.table.valid_for))
        } else {
            let is_told = at <= end + self.table.ms(self.table.told_for);
            (is_told && is_due(end)).then_some(end)
        }?;
        Some(Told {
            labels: alert.labels.clone(),
            annotations: self.said(life, at.min(end - 1)).annotations.clone(),
            starts_at,
            ends_at,
        })
    }

    /// The samples of `ALERTS` and `ALERTS_FOR_STATE` up to `end`.
    pub(super) fn stored(&self, end: TimestampMs) -> Stored {
        let mut stored = Stored::new();
        for at in self.evaluations(self.zero, end) {
            for alert in self.shown(at) {
                let since = (alert.active_at / 1000) as f64;
                let alerts = [("__name__", ALERTS), ("alertstate", alert.state.as_str())];
                let for_state = [("__name__", ALERTS_FOR_STATE)];
                for (more, value) in [(&alerts[..], 1.0), (&for_state[..], since)] {
                    let mut labels = alert.labels.clone();
                    let more = more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
                    labels.extend(more);
                    stored.entry(labels).or_default().push((at, value));
                }
            }
        }
        stored
    }
}
