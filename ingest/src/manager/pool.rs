//! The loops of one job, and the discoveries that feed it.
//!
//! Invariant: under the lock, every active target of the newest groups has exactly one loop.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::running::{Legacy, OverLimit, Running};
use super::status::{PoolStatus, TargetsSnapshot};
use crate::config::ScrapeConfig;
use crate::discovery::{Finder, Groups, Prepared, Report, Seeker, SourceId};
use crate::scrape::{Context, Job, TargetStatus};
use crate::targets::{Built, DroppedTarget, Recipe, TargetKey, build};

/// The loops of one job.
pub(crate) struct Pool {
    context: Context,
    state: tokio::sync::Mutex<State>,
    view: Mutex<View>,
}

struct State {
    job: Arc<Job>,
    finder: Finder,
    loops: HashMap<TargetKey, Running>,
    /// Loops that wait to end their series.
    retiring: HashMap<TargetKey, Running>,
    over_limit: OverLimit,
}

/// What is shown; kept apart so that looking needs not wait for a change in progress.
struct View {
    job: Arc<Job>,
    active: Vec<Arc<Mutex<TargetStatus>>>,
    dropped: Vec<DroppedTarget>,
    dropped_count: usize,
    problems: Vec<String>,
}

impl Pool {
    /// Starts the loops of `job`, whose targets `places` know.
    pub(crate) async fn start(job: Job, places: Vec<Prepared>, context: Context) -> Arc<Self> {
        let job = Arc::new(job);
        let view = View {
            job: job.clone(),
            active: Vec::new(),
            dropped: Vec::new(),
            dropped_count: 0,
            problems: Vec::new(),
        };
        let name = job.config.job_name.clone();
        let state = State {
            job,
            finder: Finder::new(Seeker::Scraping, name, context.discovery.clone()),
            loops: HashMap::new(),
            retiring: HashMap::new(),
            over_limit: OverLimit::default(),
        };
        let pool = Arc::new(Self {
            context,
            state: tokio::sync::Mutex::new(state),
            view: Mutex::new(view),
        });
        let mut state = pool.state.lock().await;
        pool.discover(&mut state, places);
        pool.sync(&mut state, Change::Targets).await;
        drop(state);
        pool
    }

    /// Whether the pool runs exactly this configuration.
    pub(crate) fn runs(&self, config: &ScrapeConfig) -> bool {
        self.view.lock().job.config == *config
    }

    /// Goes on under another configuration, with the targets that `places` know.
    pub(crate) async fn reconfigure(self: &Arc<Self>, job: Job, places: Vec<Prepared>) {
        let mut state = self.state.lock().await;
        state.job = Arc::new(job);
        self.discover(&mut state, places);
        self.sync(&mut state, Change::Job).await;
    }

    /// Ends everything because the job is gone; the loops end their series by themselves.
    pub(crate) async fn retire(&self) {
        let mut state = self.state.lock().await;
        state.finder.stop();
        let loops = std::mem::take(&mut state.loops);
        loops.values().for_each(Running::retire);
        state.retiring.extend(loops);
    }

    /// Whether a retired pool has ended all its series.
    pub(crate) fn is_finished(&self) -> bool {
        self.state
            .try_lock()
            .is_ok_and(|state| state.retiring.values().all(Running::is_finished))
    }

    /// Ends everything because we shut down.
    pub(crate) async fn stop(&self) {
        let mut state = self.state.lock().await;
        state.finder.stop();
        let loops = std::mem::take(&mut state.loops).into_values();
        let all: Vec<_> = loops
            .chain(std::mem::take(&mut state.retiring).into_values())
            .collect();
        all.iter().for_each(Running::tell_exit);
        for running in all {
            running.exit().await;
        }
    }

    /// Adds this pool to `snapshot`.
    pub(crate) fn describe(&self, snapshot: &mut TargetsSnapshot) {
        let view = self.view.lock();
        let name = &view.job.name;
        snapshot
            .active
            .extend(view.active.iter().map(|status| status.lock().clone()));
        snapshot.dropped.extend(
            view.dropped
                .iter()
                .map(|dropped| (name.clone(), dropped.clone())),
        );
        let (dropped_count, problems) = (view.dropped_count, view.problems.clone());
        snapshot.pools.push(PoolStatus {
            job: name.clone(),
            dropped_count,
            problems,
        });
    }

    /// Looks for targets, and goes on looking.
    fn discover(self: &Arc<Self>, state: &mut State, places: Vec<Prepared>) {
        state.finder.change(places, |id| self.reporter(id));
    }

    /// Takes reports of a discovery.
    fn reporter(self: &Arc<Self>, id: SourceId) -> Report {
        let pool: Weak<Self> = Arc::downgrade(self);
        Box::new(move |groups| {
            let pool = pool.clone();
            Box::pin(async move {
                if let Some(pool) = pool.upgrade() {
                    pool.take(id, groups).await;
                }
            })
        })
    }

    async fn take(&self, id: SourceId, groups: Groups) {
        let mut state = self.state.lock().await;
        if state.finder.take(id, groups) {
            self.sync(&mut state, Change::Targets).await;
        }
    }

    /// Brings the loops in line with the groups and the job.
    async fn sync(&self, state: &mut State, change: Change) {
        let recipe = Recipe {
            job: &state.job.config,
            rules: &state.job.target_rules,
        };
        let mut built = build(&recipe, state.finder.groups());
        built.problems.extend(state.finder.problems());
        for problem in &built.problems {
            tracing::warn!(job = %state.job.name, problem, "a target or target file cannot be used");
        }
        let (found, limit) = (built.active.len() as u64, state.job.limits.targets);
        *state.over_limit.lock() = (limit > 0 && found > limit).then_some((found, limit));
        state
            .bring_in_line(std::mem::take(&mut built.active), change, &self.context)
            .await;
        self.show(state, built);
    }

    fn show(&self, state: &State, built: Built) {
        let mut active: Vec<_> = state.loops.values().collect();
        active.sort_by(|a, b| {
            (a.target.url.as_str(), &a.target.labels)
                .cmp(&(b.target.url.as_str(), &b.target.labels))
        });
        let keep = match state.job.config.keep_dropped_targets.unwrap_or(0) {
            0 => usize::MAX,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        *self.view.lock() = View {
            job: state.job.clone(),
            active: active
                .into_iter()
                .map(|running| running.status.clone())
                .collect(),
            dropped_count: built.dropped.len(),
            dropped: built.dropped.into_iter().take(keep).collect(),
            problems: built.problems,
        };
    }
}

/// What is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Targets only: loops of those that stay are left alone.
    Targets,
    /// The job: every loop begins anew.
    Job,
}

impl State {
    async fn bring_in_line(
        &mut self,
        targets: Vec<crate::targets::Target>,
        change: Change,
        context: &Context,
    ) {
        self.retiring.retain(|_, running| !running.is_finished());
        if change == Change::Job {
            // All at once, so that waiting for one is waiting for all.
            self.loops.values().for_each(Running::tell_exit);
        }
        let mut old = std::mem::take(&mut self.loops);
        for target in targets {
            let key = target.key();
            let running = match old.remove(&key) {
                Some(running) if change == Change::Targets && *running.target == target => running,
                Some(running) => self.launch(target, Some(running.exit().await), context),
                None => match self.retiring.remove(&key) {
                    Some(retired) => self.launch(target, Some(retired.exit().await), context),
                    None => self.launch(target, None, context),
                },
            };
            self.loops.insert(key, running);
        }
        for (key, running) in old {
            self.retire(key, running, change, context).await;
        }
    }

    fn launch(
        &self,
        target: crate::targets::Target,
        legacy: Option<Legacy>,
        context: &Context,
    ) -> Running {
        Running::start(&self.job, target, legacy, &self.over_limit, context)
    }

    /// Lets the loop of a target that is gone end its series.
    async fn retire(
        &mut self,
        key: TargetKey,
        running: Running,
        change: Change,
        context: &Context,
    ) {
        let retiring = match change {
            Change::Targets => running,
            // It was told to exit already; another one ends its series for it.
            Change::Job => {
                let target = running.target.as_ref().clone();
                self.launch(target, Some(running.exit().await), context)
            }
        };
        retiring.retire();
        self.retiring.insert(key, retiring);
    }
}
