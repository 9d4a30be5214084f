//! The cases of the alert generator suite, with their true durations under a clock turned by hand: groups run in their own loops, over a
//! real store and the planner that serves queries. `.ci/e2e/alert_generator.py` plays the same table to running servers.

mod table;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use narthex_engine::{Engine, Options};
use narthex_model::{Clock, Labels, Sink, Sleep, TimestampMs, WriteBatch};
use narthex_promql::QueryValue;
use narthex_rules::Notify;
use narthex_rules::eval::{Alert, GroupStatus, Health, Manager, Schedule, Settings, World};
use narthex_rules::file::{LoadOptions, parse};
use narthex_rules::notify::Notification;
use narthex_sql::{Database, DatabaseOptions, QueryOptions};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::Direct;
use crate::promqltest::push;
use crate::promqltest::series::{self, SeriesLine};
use table::{Expected, Shown, Stored, Table, Texts, Told};

const FILE: &str = "cases.yml";
/// Some time in the past at which to begin.
const ABOUT: TimestampMs = 1_700_000_000_000;

#[tokio::test]
async fn when_samples_come_just_as_a_group_is_evaluated() {
    play(slot("returns")).await;
}

#[tokio::test]
async fn when_they_come_in_between() {
    play(slot("returns") + 7_777).await;
}

/// A time at which a group is evaluated.
fn slot(group: &str) -> TimestampMs {
    Schedule::new(FILE, group, 30_000).slot(ABOUT)
}

/// Plays all cases side by side, with the first samples at `zero`.
async fn play(zero: TimestampMs) {
    let folder = tempfile::tempdir().expect("a folder");
    let table = Table::read();
    let cases = table.cases.iter().map(|case| Expected {
        table: &table,
        case,
        zero,
        slot: slot(case.name()),
    });
    let cases: Vec<_> = cases.collect();
    let (begin, end) = (zero - table.ms(5), zero + table.ms(table.ticks));
    let stage = Stage::open(folder.path(), &table, begin).await;
    let ticks: Vec<_> = (0..table.ticks).map(|tick| zero + table.ms(tick)).collect();
    let evaluations = cases
        .iter()
        .flat_map(|case| case.evaluations(begin + 1, end));
    for at in evaluations
        .chain(ticks.iter().copied())
        .collect::<BTreeSet<_>>()
    {
        if ticks.binary_search(&at).is_ok() {
            stage.feed(&ticks, at).await;
        }
        stage.clock.set(at);
        for case in &cases {
            if case.evaluations(at, at).next().is_some() {
                stage.check(case, at).await;
            }
        }
    }
    let stored: Stored = cases.iter().flat_map(|case| case.stored(end)).collect();
    assert_eq!(stage.stored(end).await, stored);
    stage.manager.stop().await;
}

/// Rules that run, what they read and write, and what was heard of them.
struct Stage {
    lines: Vec<SeriesLine>,
    store: Arc<Direct>,
    clock: Arc<HandClock>,
    heard: Arc<Heard>,
    manager: Manager,
}

impl Stage {
    async fn open(folder: &Path, table: &Table, now: TimestampMs) -> Self {
        let engine = Engine::open(folder, Options::default(), None).expect("an empty store");
        let database = Database::new(engine.clone(), DatabaseOptions::default());
        let store = Arc::new(Direct { engine, database });
        let clock = Arc::new(HandClock(watch::channel(now).0));
        let heard = Arc::new(Heard::default());
        let manager = Manager::new(World {
            notify: heard.clone(),
            clock: clock.clone(),
            ..store.clone().world()
        });
        let rules = parse(&table.rule_file(), FILE, &LoadOptions::default());
        let rules = rules.expect("good rules");
        manager.update(rules, Settings::default()).await;
        // The loops of groups look at the clock before it goes on.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let lines = table.cases.iter().flat_map(|case| &case.series);
        let lines = lines.map(|line| series::parse(line).expect("a good series"));
        Self {
            lines: lines.collect(),
            store,
            clock,
            heard,
            manager,
        }
    }

    /// Stores the samples that come at `at`, one of `ticks`.
    async fn feed(&self, ticks: &[TimestampMs], at: TimestampMs) {
        let mut batch = WriteBatch::new();
        let is_now = |slot: usize| ticks.get(slot).copied().filter(|tick| *tick == at);
        for line in &self.lines {
            push(line, is_now, &mut batch);
        }
        let receipt = self.store.engine.write(batch).await.expect("written");
        assert_eq!(receipt.rejected, 0);
    }

    /// The group after its evaluation at `at`, which must be due.
    async fn evaluated(&self, name: &str, at: TimestampMs) -> Arc<GroupStatus> {
        let evaluated = async {
            loop {
                let groups = self.manager.groups();
                let found = groups.into_iter().find(|group| group.name == name);
                if let Some(group) = found.filter(|group| group.last_evaluation == Some(at)) {
                    return group;
                }
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), evaluated).await;
        waited.unwrap_or_else(|_| panic!("{name} is not evaluated at {at}"))
    }

    /// Compares what is shown and what was heard after the evaluation at `at`.
    async fn check(&self, case: &Expected<'_>, at: TimestampMs) {
        let group = self.evaluated(case.case.name(), at).await;
        let place = format!(
            "{} at {}",
            case.case.name(),
            (at - case.zero) as f64 / 1000.0
        );
        assert!(
            group.rules.iter().all(|rule| rule.health == Health::Good),
            "{place}: {group:?}"
        );
        let alerts = group.rules.iter().flat_map(|rule| &rule.alerts);
        assert_eq!(
            alerts.map(shown).collect::<Vec<_>>(),
            case.shown(at),
            "{place}"
        );
        let heard = std::mem::take(&mut *self.heard.0.lock());
        assert_eq!(
            heard.into_iter().map(told).collect::<Vec<_>>(),
            case.told(at),
            "{place}"
        );
    }

    /// What rules have stored up to `end`.
    async fn stored(&self, end: TimestampMs) -> Stored {
        let query = r#"{__name__=~"ALERTS|ALERTS_FOR_STATE"}[2h]"#;
        let asked = self
            .store
            .database
            .query_instant(query, end, QueryOptions::default());
        let QueryValue::Matrix(series) = asked.await.expect("an answer").value else {
            panic!("no matrix");
        };
        let points = series.into_iter().map(|s| {
            let points = s.timestamps.into_iter().zip(s.values).collect();
            (texts(&s.labels), points)
        });
        points.collect()
    }
}

fn shown(alert: &Alert) -> Shown {
    Shown {
        labels: texts(&alert.labels),
        annotations: alert.annotations.clone(),
        state: alert.state,
        value: alert.value,
        active_at: alert.active_at,
        fired_at: alert.fired_at,
    }
}

fn told(notification: Notification) -> Told {
    Told {
        labels: texts(&notification.labels),
        annotations: notification.annotations,
        starts_at: notification.starts_at,
        ends_at: notification.ends_at,
    }
}

fn texts(labels: &Labels) -> Texts {
    labels
        .iter()
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect()
}

/// Whoever is told of alerts.
#[derive(Default)]
struct Heard(Mutex<Vec<Notification>>);

impl Notify for Heard {
    fn notify(&self, alerts: Vec<Notification>) {
        self.0.lock().extend(alerts);
    }
}

/// Goes on when it is told to.
struct HandClock(watch::Sender<TimestampMs>);

impl HandClock {
    fn set(&self, now: TimestampMs) {
        self.0.send_replace(now);
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> TimestampMs {
        *self.0.borrow()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now_ms().unsigned_abs())
    }

    fn sleep_until(&self, due: TimestampMs) -> Sleep<'_> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            let _ = now.wait_for(|now| *now >= due).await;
        })
    }
}
