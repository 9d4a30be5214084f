//! The line to one Alertmanager: its queue, and the loop that empties it.

use std::sync::Arc;

use narthex_model::{Clock, Counter, Reading, ReadingKind, Summary};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::queue::Queue;
use super::retry::delay_ms;
use super::{AlertSender, Notification, Relabel};

/// What a line is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Go on.
    No,
    /// Send what waits as long as that goes well, and end.
    Drain,
    /// End at once.
    AtOnce,
}

/// A line.
pub(super) struct Line {
    pub(super) url: String,
    queue: Mutex<Queue>,
    more: Notify,
    target: Mutex<Target>,
    stop: watch::Sender<Stop>,
    metrics: LineMetrics,
}

/// How an Alertmanager is spoken to.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) sender: Arc<dyn AlertSender>,
    pub(super) relabel: Option<Relabel>,
}

#[derive(Default)]
struct LineMetrics {
    sent: Counter,
    errors: Counter,
    dropped: Counter,
    latency: Summary,
}

impl Line {
    pub(super) fn new(url: String, target: Target, capacity: usize) -> Self {
        Self {
            url,
            queue: Mutex::new(Queue::new(capacity)),
            more: Notify::new(),
            target: Mutex::new(target),
            stop: watch::channel(Stop::No).0,
            metrics: LineMetrics::default(),
        }
    }

    /// Speaks to the Alertmanager in another way from now on.
    pub(super) fn change(&self, target: Target) {
        *self.target.lock() = target;
    }

    /// Appends alerts to the queue.
    pub(super) fn push(&self, alerts: &[Notification]) {
        let relabel = self.target.lock().relabel.clone();
        let alerts: Vec<_> = match relabel {
            Some(relabel) => alerts
                .iter()
                .filter_map(|a| relabelled(a, &relabel))
                .collect(),
            None => alerts.to_vec(),
        };
        if alerts.is_empty() {
            return;
        }
        let dropped = self.queue.lock().push(alerts);
        self.drop_all(dropped, "the queue is full");
        self.more.notify_one();
    }

    pub(super) fn stop(&self, stop: Stop) {
        self.stop.send_replace(stop);
    }

    fn drop_all(&self, count: usize, why: &str) {
        if count > 0 {
            self.metrics.dropped.add(count as u64);
            tracing::warn!(alertmanager = self.url, count, "alerts are dropped: {why}");
        }
    }

    /// Sends what waits until told to stop.
    pub(super) async fn run(self: Arc<Self>, clock: Arc<dyn Clock>) {
        let mut stop = self.stop.subscribe();
        let mut failed = 0;
        loop {
            let told = *stop.borrow_and_update();
            let batch = self.queue.lock().next_batch();
            match (told, batch.is_empty()) {
                (Stop::No, true) => {
                    tokio::select! {
                        () = self.more.notified() => {}
                        _ = stop.changed() => {}
                    }
                    continue;
                }
                (Stop::Drain, true) | (Stop::AtOnce, _) => break self.leave(&batch),
                (Stop::No | Stop::Drain, false) => {}
            }
            let sent = tokio::select! {
                biased;
                () = at_once(&mut stop) => break self.leave(&batch),
                sent = self.send(&batch, &*clock) => sent,
            };
            let Err(may_retry) = sent else {
                failed = 0;
                continue;
            };
            if told == Stop::Drain && may_retry {
                // Whoever does not answer now will not answer the rest, either.
                break self.leave(&batch);
            }
            failed += 1;
            match delay_ms(failed).filter(|_| may_retry) {
                Some(delay) => self.wait_to_retry(batch, delay, &*clock, &mut stop).await,
                None => {
                    failed = 0;
                    self.drop_all(batch.len(), "they cannot be sent");
                }
            }
        }
    }

    /// Counts what is left behind.
    fn leave(&self, batch: &[Notification]) {
        let waiting = self.queue.lock().len();
        self.drop_all(batch.len() + waiting, "we stop");
    }

    /// Sends a batch; if that fails, says whether to try again.
    async fn send(&self, batch: &[Notification], clock: &dyn Clock) -> Result<(), bool> {
        let sender = self.target.lock().sender.clone();
        let (began, count) = (clock.monotonic(), batch.len() as u64);
        match sender.send(batch).await {
            Ok(()) => {
                self.metrics
                    .latency
                    .observe(clock.monotonic().saturating_sub(began));
                self.metrics.sent.add(count);
                Ok(())
            }
            Err(error) => {
                self.metrics.errors.add(count);
                let message = error.message;
                tracing::error!(
                    alertmanager = self.url,
                    count,
                    "alerts could not be sent: {message}"
                );
                Err(error.may_retry)
            }
        }
    }

    async fn wait_to_retry(
        &self,
        batch: Vec<Notification>,
        delay_ms: i64,
        clock: &dyn Clock,
        stop: &mut watch::Receiver<Stop>,
    ) {
        let dropped = self.queue.lock().put_back(batch);
        self.drop_all(dropped, "the queue is full");
        tokio::select! {
            () = clock.sleep_until(clock.now_ms().saturating_add(delay_ms)) => {}
            _ = stop.wait_for(|stop| *stop != Stop::No) => {}
        }
    }

    /// What is counted.
    pub(super) fn readings(&self) -> Vec<Reading> {
        let labels = || vec![("alertmanager", self.url.clone())];
        let reading = |name, help, kind, value| Reading {
            name,
            help,
            kind,
            labels: labels(),
            value,
        };
        let mut readings = self.metrics.latency.read(
            [
                "prometheus_notifications_latency_seconds",
                "prometheus_notifications_latency_seconds_sum",
                "prometheus_notifications_latency_seconds_count",
            ],
            "Latency quantiles for sending alert notifications.",
            &[0.5, 0.9, 0.99],
        );
        for reading in &mut readings {
            reading.labels.extend(labels());
        }
        readings.extend([
            reading(
                "prometheus_notifications_sent_total",
                "Total number of alerts sent.",
                ReadingKind::Counter,
                self.metrics.sent.get(),
            ),
            reading(
                "prometheus_notifications_errors_total",
                "Total number of sent alerts affected by errors.",
                ReadingKind::Counter,
                self.metrics.errors.get(),
            ),
            reading(
                "prometheus_notifications_dropped_total",
                "Total number of alerts dropped due to errors when sending to Alertmanager.",
                ReadingKind::Counter,
                self.metrics.dropped.get(),
            ),
            reading(
                "prometheus_notifications_queue_length",
                "The number of alert notifications in the queue.",
                ReadingKind::Gauge,
                self.queue.lock().len() as f64,
            ),
        ]);
        readings
    }
}

async fn at_once(stop: &mut watch::Receiver<Stop>) {
    // If nobody is left who could say so, it is said.
    let _ = stop.wait_for(|stop| *stop == Stop::AtOnce).await;
}

/// The alert under the labels that relabelling leaves it, if it is not dropped.
pub(super) fn relabelled(alert: &Notification, relabel: &Relabel) -> Option<Notification> {
    let labels = relabel(&alert.labels)?;
    Some(Notification {
        labels,
        ..alert.clone()
    })
}
