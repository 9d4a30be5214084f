//! Who is told of alerts: found as targets are, relabelled as targets are.

mod find;
mod section;

use std::collections::HashSet;
use std::sync::{Arc, Weak};

use narthex_model::{Clock, Error, Result};
use parking_lot::Mutex;

pub use section::FoundAlertmanager;

use crate::config::keys::DiscoveryKeys;
use crate::config::{AlertingConfig, AlertmanagerConfig};
use crate::discovery::{
    Context, DiscoveryMetrics, Finder, Groups, Prepared, Report, Seeker, SourceId, prepare,
};
use find::{Built, build};
use section::Section;

/// Hears whom to tell, whenever that changes.
type Listener = Box<dyn Fn(Vec<FoundAlertmanager>) + Send + Sync>;

/// Finds Alertmanagers. Call it inside a tokio runtime.
pub struct Alertmanagers {
    shared: Arc<Shared>,
}

struct Shared {
    context: Context,
    listener: Listener,
    state: tokio::sync::Mutex<State>,
    /// The URLs of those who are left out.
    dropped: Mutex<Vec<String>>,
}

#[derive(Default)]
struct State {
    sets: Vec<Set>,
    /// Those who were told before the configuration changed, as it said then: they are still told while there are
    /// discoveries that have not spoken, since these may find them, too.
    leaving: Vec<FoundAlertmanager>,
}

/// The Alertmanagers of one section.
struct Set {
    section: Arc<Section>,
    finder: Finder,
}

/// What a configuration wants, ready to be put into force.
pub struct AlertmanagerPlan(Vec<(Section, Vec<Prepared>)>);

impl Alertmanagers {
    /// Nobody is told yet. `listener` hears of all whenever one comes or goes, and must not block.
    pub fn new(
        clock: Arc<dyn Clock>,
        metrics: Arc<DiscoveryMetrics>,
        listener: impl Fn(Vec<FoundAlertmanager>) + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared {
            context: Context { clock, metrics },
            listener: Box::new(listener),
            state: tokio::sync::Mutex::default(),
            dropped: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Makes clients and discoveries; nothing changes yet.
    ///
    /// # Errors
    /// What cannot be used although it is well-formed: certificates, headers, a proxy.
    pub fn plan(&self, config: &AlertingConfig) -> Result<AlertmanagerPlan> {
        let sections = config.alertmanagers.iter().enumerate();
        let sections = sections.map(|(at, config)| ready(at, config, &self.shared.context));
        sections.collect::<Result<_>>().map(AlertmanagerPlan)
    }

    /// Goes over to `plan`. Whoever is found both before and after it is told in between, too.
    pub async fn apply(&self, plan: AlertmanagerPlan) {
        let mut state = self.shared.state.lock().await;
        let told = state.build();
        let mut old = std::mem::take(&mut state.sets);
        for (at, (section, places)) in plan.0.into_iter().enumerate() {
            let name = format!("config-{at}");
            let same = old.iter().position(|set| set.section.is_like(&section));
            let mut finder = match same {
                Some(at) => old.swap_remove(at).finder.renamed(name),
                None => Finder::new(Seeker::Notification, name, self.shared.context.clone()),
            };
            finder.change(places, |id| self.shared.reporter(id));
            let section = Arc::new(section);
            state.sets.push(Set { section, finder });
        }
        let still = urls(&told.active);
        state.leaving.retain(|found| !still.contains(&found.shown));
        state.leaving.extend(told.active);
        self.shared.tell(&mut state);
    }

    /// The URLs of those whom relabelling left out, sorted.
    pub fn dropped(&self) -> Vec<String> {
        self.shared.dropped.lock().clone()
    }

    /// Ends all discoveries; whoever is told now still is.
    pub async fn stop(&self) {
        *self.shared.state.lock().await = State::default();
    }
}

/// The section at `at` and its discoveries, which do not run yet.
///
/// # Errors
/// What cannot be used although it is well-formed: certificates, headers, a proxy.
pub(crate) fn ready(
    at: usize,
    config: &AlertmanagerConfig,
    context: &Context,
) -> Result<(Section, Vec<Prepared>)> {
    let place = |e: Error| e.context(format!("alerting.alertmanagers[{at}]"));
    let section = Section::new(config).map_err(place)?;
    let places = prepare(&config.discovery(), context).map_err(place)?;
    Ok((section, places))
}

impl Shared {
    /// Takes reports of a discovery.
    fn reporter(self: &Arc<Self>, id: SourceId) -> Report {
        let shared: Weak<Self> = Arc::downgrade(self);
        Box::new(move |groups| {
            let shared = shared.clone();
            Box::pin(async move {
                if let Some(shared) = shared.upgrade() {
                    shared.take(id, groups).await;
                }
            })
        })
    }

    async fn take(&self, id: SourceId, groups: Groups) {
        let mut state = self.state.lock().await;
        let set = state.sets.iter_mut().find(|set| set.finder.knows(id));
        if let Some(set) = set {
            set.finder.take(id, groups);
            self.tell(&mut state);
        }
    }

    /// Tells the listener of all who are known now.
    fn tell(&self, state: &mut State) {
        let mut all = state.build();
        for problem in &all.problems {
            tracing::warn!(problem, "an Alertmanager or target file cannot be used");
        }
        if state.sets.iter().all(|set| set.finder.is_settled()) {
            state.leaving.clear();
        }
        let known = urls(&all.active);
        let leaving = state.leaving.iter();
        let leaving = leaving.filter(|found| !known.contains(&found.shown));
        all.active.extend(leaving.cloned());
        all.dropped.sort();
        *self.dropped.lock() = all.dropped;
        (self.listener)(all.active);
    }
}

fn urls(found: &[FoundAlertmanager]) -> HashSet<String> {
    found.iter().map(|found| found.shown.clone()).collect()
}

impl State {
    /// Everybody whom the sections name now.
    fn build(&self) -> Built {
        let mut all = Built::default();
        for set in &self.sets {
            let built = build(&set.section, set.finder.groups());
            all.active.extend(built.active);
            all.dropped.extend(built.dropped);
            all.problems.extend(built.problems);
            all.problems.extend(set.finder.problems());
        }
        all
    }
}
