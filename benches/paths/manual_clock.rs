//! A clock that stands still until it is moved.

use std::time::Duration;

use narthex_ingest::{Clock, Sleep};
use tokio::sync::watch;

pub(crate) struct ManualClock {
    now: watch::Sender<i64>,
    /// How many wait for the time.
    sleeping: watch::Sender<usize>,
}

impl ManualClock {
    pub(crate) fn new(now: i64) -> Self {
        Self {
            now: watch::channel(now).0,
            sleeping: watch::channel(0).0,
        }
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.now.send_modify(|now| *now += ms);
    }

    /// Waits until somebody waits for the time.
    pub(crate) async fn until_asleep(&self) {
        let mut sleeping = self.sleeping.subscribe();
        sleeping
            .wait_for(|n| *n > 0)
            .await
            .expect("the clock lives");
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        *self.now.borrow()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now_ms().unsigned_abs())
    }

    fn sleep_until(&self, due: i64) -> Sleep<'_> {
        Box::pin(async move {
            self.sleeping.send_modify(|n| *n += 1);
            let _ = self.now.subscribe().wait_for(|now| *now >= due).await;
            self.sleeping.send_modify(|n| *n -= 1);
        })
    }
}
