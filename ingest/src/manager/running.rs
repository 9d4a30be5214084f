//! A loop that runs, as its pool holds it.

use std::sync::Arc;
use std::time::Duration;

use narthex_model::Labels;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::scrape::{Context, Health, Job, Start, Stop, TargetStatus, Task};
use crate::targets::Target;

/// Why a pool's targets may not be scraped: how many there are, and how many there may be.
pub(crate) type OverLimit = Arc<Mutex<Option<(u64, u64)>>>;

/// A loop that runs.
pub(crate) struct Running {
    pub(crate) target: Arc<Target>,
    pub(crate) status: Arc<Mutex<TargetStatus>>,
    stop: watch::Sender<Stop>,
    task: JoinHandle<Vec<Labels>>,
}

/// What a loop leaves to the one that takes its place.
pub(crate) struct Legacy {
    live: Vec<Labels>,
    status: TargetStatus,
}

impl Running {
    /// Starts the loop of `target`.
    pub(crate) fn start(
        job: &Arc<Job>,
        target: Target,
        legacy: Option<Legacy>,
        over_limit: &OverLimit,
        context: &Context,
    ) -> Self {
        let target = Arc::new(target);
        let (inherited, old) = legacy.map(|l| (l.live, l.status)).unzip();
        let status = match old {
            Some(old) => TargetStatus {
                job: job.name.clone(),
                target: target.clone(),
                ..old
            },
            None => unknown(job, &target),
        };
        let status = Arc::new(Mutex::new(status));
        let start = Start {
            job: job.clone(),
            target: target.clone(),
            status: status.clone(),
            over_limit: over_limit.clone(),
            inherited: inherited.unwrap_or_default(),
        };
        let (stop, stopped) = watch::channel(Stop::No);
        let task = tokio::spawn(Task::new(start, context.clone()).run(stopped));
        Self {
            target,
            status,
            stop,
            task,
        }
    }

    /// Tells the loop to end its series when the next scrape would have been due, and to end.
    pub(crate) fn retire(&self) {
        self.stop.send_replace(Stop::Retire);
    }

    /// Tells the loop to end at once.
    pub(crate) fn tell_exit(&self) {
        self.stop.send_replace(Stop::Exit);
    }

    /// Ends the loop and takes over what it leaves.
    pub(crate) async fn exit(self) -> Legacy {
        self.tell_exit();
        // A loop that panicked leaves nothing.
        let live = self.task.await.unwrap_or_default();
        let status = self.status.lock().clone();
        Legacy { live, status }
    }

    /// Whether a retired loop has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

fn unknown(job: &Job, target: &Arc<Target>) -> TargetStatus {
    TargetStatus {
        job: job.name.clone(),
        target: target.clone(),
        health: Health::Unknown,
        last_error: None,
        last_scrape: None,
        last_duration: Duration::ZERO,
    }
}
