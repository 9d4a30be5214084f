//! Alertmanagers that work, fail and hang, under a clock turned by hand.

use std::collections::VecDeque;

use narthex_model::Reading;
use parking_lot::Mutex;

use super::*;
use crate::eval::testing;
use crate::query::Notify;

/// An Alertmanager that fails as it is told to.
#[derive(Default)]
struct Fake {
    failures: Mutex<VecDeque<SendError>>,
    hangs: bool,
    got: Mutex<Vec<Vec<Notification>>>,
}

impl AlertSender for Fake {
    fn send<'a>(&'a self, alerts: &'a [Notification]) -> Pending<'a, Result<(), SendError>> {
        Box::pin(async move {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            if let Some(failure) = self.failures.lock().pop_front() {
                return Err(failure);
            }
            self.got.lock().push(alerts.to_vec());
            Ok(())
        })
    }
}

impl Fake {
    fn failing(count: usize, may_retry: bool) -> Arc<Self> {
        let failure = SendError {
            message: "no".to_owned(),
            may_retry,
        };
        Arc::new(Self {
            failures: Mutex::new(vec![failure; count].into()),
            ..Self::default()
        })
    }

    fn names(&self) -> Vec<String> {
        let got = self.got.lock();
        got.iter()
            .flatten()
            .map(|alert| alert.labels.to_string())
            .collect()
    }
}

fn alert(name: &str) -> Notification {
    Notification {
        labels: testing::labels(&[("alertname", name)]),
        annotations: BTreeMap::new(),
        starts_at: 0,
        ends_at: 0,
        generator_url: String::new(),
    }
}

fn notifier(clock: &Arc<testing::TestClock>, fakes: &[(&str, &Arc<Fake>)]) -> Notifier {
    let notifier = Notifier::new(NotifierOptions::default(), clock.clone());
    let alertmanagers = fakes.iter().map(|(url, fake)| Alertmanager {
        url: (*url).to_owned(),
        relabel: None,
        sender: (*fake).clone(),
    });
    notifier.set_alertmanagers(alertmanagers.collect());
    notifier
}

fn reading(readings: &[Reading], name: &str, url: &str) -> f64 {
    let found = readings
        .iter()
        .find(|r| r.name == name && r.labels.iter().any(|label| label.1 == url));
    found.map_or(f64::NAN, |reading| reading.value)
}

#[tokio::test]
async fn one_that_hangs_holds_up_no_other() {
    let clock = testing::stage().clock;
    let hanging = Arc::new(Fake {
        hangs: true,
        ..Fake::default()
    });
    let good = Arc::new(Fake::default());
    let notifier = notifier(&clock, &[("hang", &hanging), ("good", &good)]);
    notifier.notify((0..600).map(|i| alert(&i.to_string())).collect());
    clock.set(1).await;
    let sizes: Vec<_> = good.got.lock().iter().map(Vec::len).collect();
    assert_eq!((sizes, hanging.names().len()), (vec![256, 256, 88], 0));
    let readings = notifier.readings();
    assert_eq!(
        reading(&readings, "prometheus_notifications_sent_total", "good"),
        600.0
    );
    assert_eq!(
        reading(&readings, "prometheus_notifications_queue_length", "hang"),
        344.0
    );
    assert_eq!(notifier.alertmanagers(), ["good", "hang"]);
    notifier.stop(false).await;
}

#[tokio::test]
async fn failures_are_tried_again_for_a_while() {
    let clock = testing::stage().clock;
    let (soon, never, refused) = (
        Fake::failing(2, true),
        Fake::failing(100, true),
        Fake::failing(1, false),
    );
    let all = [("soon", &soon), ("never", &never), ("refused", &refused)];
    let notifier = notifier(&clock, &all);
    notifier.notify(vec![alert("a")]);
    clock.set(0).await;
    for second in 1..40 {
        clock.set(second * 1000).await;
    }
    assert_eq!(
        (
            soon.names().len(),
            never.names().len(),
            refused.names().len()
        ),
        (1, 0, 0)
    );
    let readings = notifier.readings();
    let of = |name, url| reading(&readings, name, url);
    assert_eq!(of("prometheus_notifications_errors_total", "soon"), 2.0);
    assert_eq!(of("prometheus_notifications_dropped_total", "soon"), 0.0);
    assert_eq!(
        of("prometheus_notifications_errors_total", "never"),
        f64::from(ATTEMPTS_MAX)
    );
    assert_eq!(of("prometheus_notifications_dropped_total", "never"), 1.0);
    assert_eq!(of("prometheus_notifications_dropped_total", "refused"), 1.0);
    notifier.stop(true).await;
}

#[tokio::test]
async fn external_labels_and_relabelling() {
    let clock = testing::stage().clock;
    let fake = Arc::new(Fake::default());
    let notifier = Notifier::new(NotifierOptions::default(), clock.clone());
    let external = [("region", "eu"), ("alertname", "other")];
    let external = external.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    let drop_b: Relabel =
        Arc::new(|labels| (labels.get("alertname") != Some("b")).then(|| labels.clone()));
    let own: Relabel = Arc::new(|labels| Labels::new(labels.iter().chain([("to", "one")])).ok());
    notifier.configure(external, Some(drop_b));
    notifier.set_alertmanagers(vec![Alertmanager {
        url: "u".to_owned(),
        relabel: Some(own),
        sender: fake.clone(),
    }]);
    notifier.notify(vec![alert("a"), alert("b")]);
    notifier.stop(true).await;
    assert_eq!(
        fake.names(),
        ["{alertname=\"a\", region=\"eu\", to=\"one\"}"]
    );
}

#[tokio::test]
async fn one_that_is_named_twice_is_told_twice_as_each_wants() {
    let clock = testing::stage().clock;
    let fake = Arc::new(Fake::default());
    let notifier = Notifier::new(NotifierOptions::default(), clock.clone());
    let only = |name: &'static str| -> Relabel {
        Arc::new(move |labels| (labels.get("alertname") == Some(name)).then(|| labels.clone()))
    };
    let named = |relabel| Alertmanager {
        url: "u".to_owned(),
        relabel: Some(relabel),
        sender: fake.clone(),
    };
    notifier.set_alertmanagers(vec![named(only("a")), named(only("b"))]);
    assert_eq!(notifier.alertmanagers(), ["u", "u"]);
    notifier.notify(vec![alert("a"), alert("b"), alert("c")]);
    notifier.stop(true).await;
    let mut names = fake.names();
    names.sort();
    assert_eq!(names, ["{alertname=\"a\"}", "{alertname=\"b\"}"]);
}

#[tokio::test]
async fn stopping_waits_for_nobody_for_long() {
    let clock = testing::stage().clock;
    let hanging = Arc::new(Fake {
        hangs: true,
        ..Fake::default()
    });
    let failing = Fake::failing(100, true);
    let good = Arc::new(Fake::default());
    let all = [("hang", &hanging), ("failing", &failing), ("good", &good)];
    let notifier = Arc::new(notifier(&clock, &all));
    notifier.notify((0..600).map(|i| alert(&i.to_string())).collect());
    let stopping = tokio::spawn({
        let notifier = notifier.clone();
        async move { notifier.stop(true).await }
    });
    clock.set(0).await;
    clock.set(14_000).await;
    assert!(!stopping.is_finished());
    // One attempt at most for who fails, not one for each batch.
    assert!(failing.failures.lock().len() >= 98);
    clock.set(15_001).await;
    stopping.await.expect("it stops");
    assert_eq!(good.names().len(), 600);
}
