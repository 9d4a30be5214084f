//! Keeps groups running, each in its own loop, and changes them when the configuration does.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{Labels, Reading, TimestampMs};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::task::JoinHandle;

use super::group::Group;
use super::metrics::GroupMetrics;
use super::running::{Shared, Stop, run, wait};
use super::settings::{Settings, World};
use super::status::GroupStatus;
use crate::file::GroupSpec;

/// Runs groups of rules.
///
/// Must live in a tokio runtime. [`Manager::update`] starts, changes and ends groups; [`Manager::stop`] ends all.
pub struct Manager {
    inner: Arc<Inner>,
    /// One update at a time; whether there has been one before.
    updated: AsyncMutex<bool>,
}

struct Inner {
    world: World,
    groups: Mutex<Groups>,
    /// Ends whatever still waits for groups that are gone.
    exit: watch::Sender<Stop>,
}

/// Groups by file and name.
type Groups = BTreeMap<(String, String), Running>;

/// A group and its loop.
struct Running {
    shared: Arc<Shared>,
    metrics: Arc<GroupMetrics>,
    key: String,
    stop: watch::Sender<Stop>,
    task: Option<JoinHandle<()>>,
}

impl Manager {
    /// A manager without groups.
    pub fn new(world: World) -> Self {
        let (exit, _) = watch::channel(Stop::No);
        let groups = Mutex::default();
        Self {
            inner: Arc::new(Inner {
                world,
                groups,
                exit,
            }),
            updated: AsyncMutex::new(false),
        }
    }

    /// Runs these groups from now on. Those that do not change go on undisturbed; those that do keep the alerts and series of rules
    /// with the same name and labels; series of groups that are gone end after two intervals if nobody else writes them.
    ///
    /// Groups of the first update take over the state of alerts that a run before this one has left in the store.
    pub async fn update(&self, specs: Vec<GroupSpec>, settings: Settings) {
        let mut updated = self.updated.lock().await;
        let settings = Arc::new(settings);
        let mut wanted: BTreeMap<_, _> = specs
            .into_iter()
            .map(|spec| ((spec.file.clone(), spec.name.clone()), spec))
            .collect();
        let mut ended = self.end_changed(&mut wanted, &settings).await;
        for (key, spec) in wanted {
            let mut group = Group::new(spec, settings.clone(), *updated);
            if let Some(old) = ended.remove(&key) {
                group.take_over(&mut *old.shared.group.lock().await);
            }
            self.start(key, group);
        }
        for (key, old) in ended {
            self.inner.groups.lock().remove(&key);
            self.retire(old.shared);
        }
        *updated = true;
    }

    /// Ends the loops of groups that are not wanted as they are. Those that are wanted so are taken out of `wanted`.
    async fn end_changed(
        &self,
        wanted: &mut BTreeMap<(String, String), GroupSpec>,
        settings: &Settings,
    ) -> Groups {
        let running: Vec<_> = {
            let groups = self.inner.groups.lock();
            groups
                .iter()
                .map(|(key, group)| (key.clone(), group.shared.clone()))
                .collect()
        };
        let mut changed = Vec::new();
        for (key, shared) in running {
            let same = {
                let group = shared.group.lock().await;
                wanted.get(&key) == Some(group.spec()) && group.settings() == settings
            };
            if same {
                wanted.remove(&key);
            } else {
                changed.push(key);
            }
        }
        let mut ended = Groups::new();
        let mut tasks = Vec::new();
        {
            let mut groups = self.inner.groups.lock();
            for key in changed {
                // The group stays where it can be seen until another takes its place.
                let Some(running) = groups.get_mut(&key) else {
                    continue;
                };
                running.stop.send_replace(Stop::AfterEvaluation);
                tasks.extend(running.task.take());
                ended.insert(key, running.without_task());
            }
        }
        for task in tasks {
            // A loop that panicked leaves its group behind all the same.
            let _ = task.await;
        }
        ended
    }

    fn start(&self, key: (String, String), group: Group) {
        let (stop, stopped) = watch::channel(Stop::No);
        let (metrics, metrics_key) = (group.metrics().clone(), group.metrics_key());
        let shared = Arc::new(Shared::new(group));
        let task = tokio::spawn(run(shared.clone(), self.inner.world.clone(), stopped));
        let running = Running {
            shared,
            metrics,
            key: metrics_key,
            stop,
            task: Some(task),
        };
        self.inner.groups.lock().insert(key, running);
    }

    /// Ends the series of a group that is gone, once a group that was renamed had the time to write them.
    fn retire(&self, shared: Arc<Shared>) {
        let inner = self.inner.clone();
        let at = inner.world.clock.now_ms();
        tokio::spawn(async move {
            let mut group = shared.group.lock().await;
            let due = at.saturating_add(group.interval_ms().saturating_mul(2));
            let mut exit = inner.exit.subscribe();
            if wait(&*inner.world.clock, due, &mut exit).await == Stop::No {
                inner.retire(&mut group, at).await;
            }
        });
    }

    /// Ends all loops at once. Series stay as they are: the next run goes on with them.
    pub async fn stop(&self) {
        let _updating = self.updated.lock().await;
        self.inner.exit.send_replace(Stop::AtOnce);
        let groups = std::mem::take(&mut *self.inner.groups.lock());
        for running in groups.values() {
            running.stop.send_replace(Stop::AtOnce);
        }
        for task in groups.into_values().filter_map(|running| running.task) {
            let _ = task.await;
        }
    }

    /// All groups as they were after their last evaluation, sorted by file and name.
    pub fn groups(&self) -> Vec<Arc<GroupStatus>> {
        let groups = self.inner.groups.lock();
        groups
            .values()
            .map(|running| running.shared.status())
            .collect()
    }

    /// What is counted, of all groups and of each.
    pub fn readings(&self) -> Vec<Reading> {
        let mut readings = self.inner.world.metrics.read();
        let groups = self.inner.groups.lock();
        readings.extend(
            groups
                .values()
                .flat_map(|running| running.metrics.read(&running.key)),
        );
        readings
    }
}

impl Running {
    fn without_task(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            metrics: self.metrics.clone(),
            key: self.key.clone(),
            stop: self.stop.clone(),
            task: None,
        }
    }
}

impl Inner {
    async fn retire(&self, group: &mut Group, at: TimestampMs) {
        let running: Vec<_> = {
            let groups = self.groups.lock();
            groups
                .values()
                .map(|running| running.shared.clone())
                .collect()
        };
        let mut written = std::collections::HashSet::new();
        for other in running {
            written.extend(other.group.lock().await.series().cloned());
        }
        let is_written = |labels: &Labels| written.contains(labels);
        group.retire(&self.world, at, &is_written).await;
    }
}

#[cfg(test)]
mod tests;
