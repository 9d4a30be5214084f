//! Who is told of alerts: found as targets are, relabelled as targets are.

mod find;
mod section;

use std::sync::{Arc, Weak};

use narthex_model::{Clock, Result};
use parking_lot::Mutex;

pub use section::FoundAlertmanager;

use crate::config::AlertingConfig;
use crate::config::keys::DiscoveryKeys;
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
    sets: tokio::sync::Mutex<Vec<Set>>,
    /// The URLs of those who are left out.
    dropped: Mutex<Vec<String>>,
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
            sets: tokio::sync::Mutex::default(),
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
        let mut sections = Vec::new();
        for (at, config) in config.alertmanagers.iter().enumerate() {
            let place = || format!("alerting.alertmanagers[{at}]");
            let section = Section::new(config).map_err(|e| e.context(place()))?;
            let places = prepare(&config.discovery(), &self.shared.context);
            sections.push((section, places.map_err(|e| e.context(place()))?));
        }
        Ok(AlertmanagerPlan(sections))
    }

    /// Goes over to `plan`. Those whom it finds, too, are still told in between.
    pub async fn apply(&self, plan: AlertmanagerPlan) {
        let mut sets = self.shared.sets.lock().await;
        let old = std::mem::take(&mut *sets);
        let finders = keep(old, plan.0.iter().map(|(section, _)| section));
        for (at, ((section, places), finder)) in plan.0.into_iter().zip(finders).enumerate() {
            let name = format!("config-{at}");
            let mut finder = match finder {
                Some(finder) => finder.renamed(name),
                None => Finder::new(Seeker::Notification, name, self.shared.context.clone()),
            };
            finder.change(places, |id| self.shared.reporter(id));
            let section = Arc::new(section);
            sets.push(Set { section, finder });
        }
        self.shared.tell(&sets);
    }

    /// The URLs of those whom relabelling left out, sorted.
    pub fn dropped(&self) -> Vec<String> {
        self.shared.dropped.lock().clone()
    }

    /// Ends all discoveries; whoever is told now still is.
    pub async fn stop(&self) {
        self.shared.sets.lock().await.clear();
    }
}

/// The finders that go on, at the places of the sections they go on for: each for a section equal to its own; what is left
/// of them for those with the same credentials, since what they had found may be asked until the new ones have spoken.
fn keep<'a>(old: Vec<Set>, new: impl Iterator<Item = &'a Section> + Clone) -> Vec<Option<Finder>> {
    let mut old: Vec<_> = old.into_iter().map(Some).collect();
    let mut take = |fits: &dyn Fn(&Section) -> bool| {
        let fits = |set: &&mut Option<Set>| set.as_ref().is_some_and(|set| fits(&set.section));
        let set = old.iter_mut().find(fits)?.take()?;
        Some(set.finder)
    };
    let mut kept: Vec<_> = new
        .clone()
        .map(|section| take(&|other| other.is_like(section)))
        .collect();
    for (section, finder) in new.zip(&mut kept) {
        if finder.is_none() {
            *finder = take(&|other| other.asks_like(section));
        }
    }
    kept
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
        let mut sets = self.sets.lock().await;
        let mut groups = Some(groups);
        let taken = sets.iter_mut().any(|set| {
            set.finder.knows(id)
                && groups
                    .take()
                    .is_some_and(|groups| set.finder.take(id, groups))
        });
        if taken {
            self.tell(&sets);
        }
    }

    /// Tells the listener of all who are known now.
    fn tell(&self, sets: &[Set]) {
        let mut all = Built::default();
        for set in sets {
            let mut built = build(&set.section, set.finder.groups());
            built.problems.extend(set.finder.problems());
            for problem in &built.problems {
                tracing::warn!(problem, "an Alertmanager or target file cannot be used");
            }
            all.active.extend(built.active);
            all.dropped.extend(built.dropped);
        }
        all.dropped.sort();
        *self.dropped.lock() = all.dropped;
        (self.listener)(all.active);
    }
}
