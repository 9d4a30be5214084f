//! The loop of a group: wait, evaluate, show how it went.

use std::sync::Arc;

use narthex_model::{Clock, TimestampMs};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, watch};

use super::group::Group;
use super::settings::World;
use super::status::GroupStatus;

/// What a loop is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Go on.
    No,
    /// End once the evaluation that is under way is done: somebody goes on with the group.
    AfterEvaluation,
    /// End, whatever is under way.
    AtOnce,
}

/// A group, and how it looks from outside while it is busy.
pub(super) struct Shared {
    pub(super) group: AsyncMutex<Group>,
    status: Mutex<Arc<GroupStatus>>,
}

impl Shared {
    pub(super) fn new(group: Group) -> Self {
        Self {
            status: Mutex::new(Arc::new(group.status())),
            group: AsyncMutex::new(group),
        }
    }

    /// The group after its last evaluation.
    pub(super) fn status(&self) -> Arc<GroupStatus> {
        self.status.lock().clone()
    }

    fn publish(&self, group: &Group) {
        *self.status.lock() = Arc::new(group.status());
    }
}

/// Evaluates a group when it is due, until told to stop.
pub(super) async fn run(shared: Arc<Shared>, world: World, mut stop: watch::Receiver<Stop>) {
    let schedule = shared.group.lock().await.schedule();
    let mut last = None;
    loop {
        let due = match last {
            None => schedule.first(world.clock.now_ms()),
            Some(last) => schedule.due(last),
        };
        if wait(&*world.clock, due, &mut stop).await != Stop::No {
            return;
        }
        let turn = last.map(|last| schedule.turn(last, world.clock.now_ms()));
        let at = turn.map_or(due, |turn| turn.at);
        let work = async {
            let mut group = shared.group.lock().await;
            group.pass_over(turn.map_or(0, |turn| turn.missed));
            group.evaluate(&world, at).await;
            // At the second evaluation what rules read is there, and so is what they write.
            if last.is_some()
                && group.needs_restore()
                && let Err(error) = group.restore(&world).await
            {
                tracing::error!(group = group.spec().name, "{error}");
            }
            shared.publish(&group);
        };
        tokio::select! {
            biased;
            () = at_once(&mut stop) => return,
            () = work => {}
        }
        last = Some(at);
    }
}

/// Waits until `due`, or until told to stop; says which.
pub(super) async fn wait(
    clock: &dyn Clock,
    due: TimestampMs,
    stop: &mut watch::Receiver<Stop>,
) -> Stop {
    tokio::select! {
        biased;
        told = told(stop) => told,
        () = clock.sleep_until(due) => Stop::No,
    }
}

/// Waits until told to stop.
async fn told(stop: &mut watch::Receiver<Stop>) -> Stop {
    match stop.wait_for(|stop| *stop != Stop::No).await {
        Ok(stop) => *stop,
        // Nobody is left who could say so.
        Err(_) => Stop::AtOnce,
    }
}

async fn at_once(stop: &mut watch::Receiver<Stop>) {
    // Nobody left to say so: the same.
    let _ = stop.wait_for(|stop| *stop == Stop::AtOnce).await;
}
