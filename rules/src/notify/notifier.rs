//! Gives alerts to all Alertmanagers.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{Clock, Labels, Reading, ReadingKind};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use super::line::{Line, Stop, Target, relabelled};
use super::queue::CAPACITY;
use super::{AlertSender, Notification, Relabel};
use crate::query::Notify;

/// How long the server waits for alerts to be sent before it stops, in milliseconds.
const DRAIN_MS_MAX: i64 = 15_000;

/// What does not change while the server runs.
#[derive(Debug, Clone, Copy)]
pub struct NotifierOptions {
    /// `--alertmanager.notification-queue-capacity`: how many alerts wait for one Alertmanager at most.
    pub queue_capacity: usize,
}

impl Default for NotifierOptions {
    fn default() -> Self {
        Self {
            queue_capacity: CAPACITY,
        }
    }
}

/// An Alertmanager.
#[derive(Clone)]
pub struct Alertmanager {
    /// Where alerts are sent to; tells Alertmanagers apart.
    pub url: String,
    /// Its own `alert_relabel_configs`, applied after those of all.
    pub relabel: Option<Relabel>,
    /// Sends alerts to it.
    pub sender: Arc<dyn AlertSender>,
}

/// Gives alerts to all Alertmanagers. Must live in a tokio runtime.
pub struct Notifier {
    options: NotifierOptions,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// A URL, and a number for the case that it stands in the list several times: each time with another relabelling.
type LineKey = (String, usize);

#[derive(Default)]
struct State {
    external_labels: BTreeMap<String, String>,
    relabel: Option<Relabel>,
    lines: BTreeMap<LineKey, (Arc<Line>, JoinHandle<()>)>,
}

impl Notifier {
    /// A notifier without Alertmanagers: alerts go nowhere.
    pub fn new(options: NotifierOptions, clock: Arc<dyn Clock>) -> Self {
        Self {
            options,
            clock,
            state: Mutex::default(),
        }
    }

    /// What is added to alerts that come from now on: labels they do not have, then relabelling.
    pub fn configure(&self, external_labels: BTreeMap<String, String>, relabel: Option<Relabel>) {
        let mut state = self.state.lock();
        state.external_labels = external_labels;
        state.relabel = relabel;
    }

    /// Sends to these Alertmanagers from now on, and to no others. Those that stay keep their queues; one that is there twice is
    /// told twice, as it may be by relabellings that choose different alerts for it.
    pub fn set_alertmanagers(&self, alertmanagers: Vec<Alertmanager>) {
        let mut state = self.state.lock();
        let mut old = std::mem::take(&mut state.lines);
        for alertmanager in alertmanagers {
            let (url, target) = (
                alertmanager.url,
                target(alertmanager.relabel, alertmanager.sender),
            );
            let nth = state
                .lines
                .range((url.clone(), 0)..=(url.clone(), usize::MAX));
            let key = (url.clone(), nth.count());
            let line = match old.remove(&key) {
                Some(line) => {
                    line.0.change(target);
                    line
                }
                None => {
                    let line = Arc::new(Line::new(url, target, self.options.queue_capacity));
                    let task = tokio::spawn(line.clone().run(self.clock.clone()));
                    (line, task)
                }
            };
            state.lines.insert(key, line);
        }
        for (line, _) in old.into_values() {
            line.stop(Stop::Drain);
        }
    }

    /// The URLs of all Alertmanagers, sorted.
    pub fn alertmanagers(&self) -> Vec<String> {
        let state = self.state.lock();
        state.lines.keys().map(|(url, _)| url.clone()).collect()
    }

    /// Ends all loops; what waits is sent once more if `drain`, as far as that is done in time, and dropped if not.
    pub async fn stop(&self, drain: bool) {
        let lines = std::mem::take(&mut self.state.lock().lines);
        let (lines, tasks): (Vec<_>, Vec<_>) = lines.into_values().unzip();
        let all = |stop| lines.iter().for_each(|line| line.stop(stop));
        all(if drain { Stop::Drain } else { Stop::AtOnce });
        let due = self.clock.now_ms().saturating_add(DRAIN_MS_MAX);
        let late = async {
            self.clock.sleep_until(due).await;
            all(Stop::AtOnce);
            std::future::pending::<()>().await;
        };
        let ended = async {
            for task in tasks {
                // A loop that panicked has ended, too.
                let _ = task.await;
            }
        };
        tokio::select! {
            biased;
            () = ended => {}
            () = late => {}
        }
    }

    /// What is counted, of all and of each.
    pub fn readings(&self) -> Vec<Reading> {
        let state = self.state.lock();
        let gauge = |name, help, value| Reading {
            name,
            help,
            kind: ReadingKind::Gauge,
            labels: Vec::new(),
            value,
        };
        let mut readings = vec![
            gauge(
                "prometheus_notifications_queue_capacity",
                "The capacity of the alert notifications queue.",
                self.options.queue_capacity as f64,
            ),
            gauge(
                "prometheus_notifications_alertmanagers_discovered",
                "The number of alertmanagers discovered and active.",
                state.lines.len() as f64,
            ),
        ];
        readings.extend(state.lines.values().flat_map(|(line, _)| line.readings()));
        readings
    }
}

fn target(relabel: Option<Relabel>, sender: Arc<dyn AlertSender>) -> Target {
    Target { sender, relabel }
}

impl Notify for Notifier {
    fn notify(&self, alerts: Vec<Notification>) {
        let state = self.state.lock();
        let prepared: Vec<_> = alerts
            .into_iter()
            .map(|alert| with_external(alert, &state.external_labels))
            .filter_map(|alert| match &state.relabel {
                Some(relabel) => relabelled(&alert, relabel),
                None => Some(alert),
            })
            .collect();
        for (line, _) in state.lines.values() {
            line.push(&prepared);
        }
    }
}

/// The alert with the external labels that it does not have itself.
fn with_external(mut alert: Notification, external: &BTreeMap<String, String>) -> Notification {
    let own = alert.labels.iter();
    let missing = external
        .iter()
        .filter(|(name, _)| alert.labels.get(name).is_none());
    let all = own.chain(missing.map(|(n, v)| (n.as_str(), v.as_str())));
    if let Ok(labels) = Labels::new(all) {
        alert.labels = labels;
    }
    alert
}
