//! Tells the threads that work from time to time to stop, or to look at once.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// One signal for all of them.
#[derive(Default)]
pub(crate) struct Signal {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    /// Ends the threads.
    pub(crate) fn stop(&self) {
        *self.stopped.lock() = true;
        self.changed.notify_all();
    }

    /// Whether they are to end.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.stopped.lock()
    }

    /// Lets them look now.
    pub(crate) fn wake(&self) {
        // Whoever is about to wait has looked before this, or sees what it is about.
        drop(self.stopped.lock());
        self.changed.notify_all();
    }

    /// Waits for `interval`, for a wake-up, or until there is something to do as `ready` says; whether to go on.
    pub(crate) fn wait(&self, interval: Duration, ready: impl Fn() -> bool) -> bool {
        let mut stopped = self.stopped.lock();
        if !*stopped && !ready() {
            self.changed.wait_for(&mut stopped, interval);
        }
        !*stopped
    }
}
