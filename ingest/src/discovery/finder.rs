//! The discoveries of one section, while they run.
//!
//! Invariant: a change of configuration leaves those alone that stand in both; and what the others had found is let go
//! only when all new ones have spoken, so that nobody who stays is taken for gone in between.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinHandle;

use super::group::{Groups, TargetGroup};
use super::prepare::{Prepared, SourceConfig};
use super::{Context, Report};

/// Who wants to know of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seeker {
    /// Scraping, of those it asks.
    Scraping,
    /// Notification, of those it tells.
    Notification,
}

impl Seeker {
    pub(super) const ALL: [Self; 2] = [Self::Scraping, Self::Notification];

    /// The name in metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Scraping => "scrape",
            Self::Notification => "notify",
        }
    }
}

/// Tells discoveries apart, those that have ended included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SourceId(u64);

/// Tells finders apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FinderId(u64);

/// A number that nobody else got.
fn unique() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// The discoveries of one section.
pub(crate) struct Finder {
    id: (Seeker, FinderId),
    /// The name of the section in metrics.
    section: String,
    context: Context,
    sources: Vec<Source>,
    /// What those had found that are gone, as long as new ones have not spoken.
    leaving: Vec<TargetGroup>,
}

struct Source {
    id: SourceId,
    config: SourceConfig,
    /// What it reported last.
    groups: Option<Groups>,
    watcher: JoinHandle<()>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl Finder {
    /// A finder that looks nowhere yet.
    pub(crate) fn new(seeker: Seeker, section: String, context: Context) -> Self {
        Self {
            id: (seeker, FinderId(unique())),
            section,
            context,
            sources: Vec::new(),
            leaving: Vec::new(),
        }
    }

    /// The same under another name.
    pub(crate) fn renamed(mut self, section: String) -> Self {
        self.section = section;
        self
    }

    /// Whether this discovery runs here.
    pub(crate) fn knows(&self, id: SourceId) -> bool {
        self.sources.iter().any(|source| source.id == id)
    }

    /// Looks in these places from now on. What a discovery finds later goes to the report that `report` makes for it, which
    /// should give it to [`Finder::take`].
    pub(crate) fn change(&mut self, wanted: Vec<Prepared>, report: impl Fn(SourceId) -> Report) {
        let mut old = std::mem::take(&mut self.sources);
        for prepared in wanted {
            let same = old.iter().position(|s| s.config == prepared.config);
            let source = match same {
                Some(at) => old.swap_remove(at),
                None => self.start(prepared, &report),
            };
            self.sources.push(source);
        }
        for gone in &mut old {
            let groups = gone.groups.take().unwrap_or_default();
            self.leaving.extend(groups.groups);
        }
        self.settle();
    }

    fn start(&mut self, prepared: Prepared, report: &impl Fn(SourceId) -> Report) -> Source {
        let id = SourceId(unique());
        let Prepared {
            config,
            mut discovery,
        } = prepared;
        let groups = discovery.look();
        if groups.is_some() {
            self.context.metrics.updates(self.id.0).received.add(1);
        }
        let watcher = tokio::spawn(discovery.watch(report(id)));
        Source {
            id,
            config,
            groups,
            watcher,
        }
    }

    /// Takes a report; `false` if its discovery has ended.
    pub(crate) fn take(&mut self, id: SourceId, groups: Groups) -> bool {
        let Some(source) = self.sources.iter_mut().find(|s| s.id == id) else {
            return false;
        };
        source.groups = Some(groups);
        self.context.metrics.updates(self.id.0).received.add(1);
        self.settle();
        true
    }

    /// Everything that is known now.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &TargetGroup> {
        let known = self.reported().flat_map(|groups| &groups.groups);
        known.chain(&self.leaving)
    }

    /// What went wrong.
    pub(crate) fn problems(&self) -> Vec<String> {
        let problems = self.reported().flat_map(|groups| &groups.problems);
        problems.cloned().collect()
    }

    /// Ends all discoveries.
    pub(crate) fn stop(&mut self) {
        self.sources.clear();
        self.leaving.clear();
        self.context.metrics.forget(self.id);
    }

    fn reported(&self) -> impl Iterator<Item = &Groups> {
        self.sources.iter().filter_map(|s| s.groups.as_ref())
    }

    /// Whether all discoveries have spoken.
    pub(crate) fn is_settled(&self) -> bool {
        self.sources.iter().all(|source| source.groups.is_some())
    }

    fn settle(&mut self) {
        if self.is_settled() {
            self.leaving.clear();
        }
        let count = self.groups().map(|group| group.addresses.len()).sum();
        self.context
            .metrics
            .set_found(self.id, &self.section, count);
        self.context.metrics.updates(self.id.0).passed_on.add(1);
    }
}

impl Drop for Finder {
    fn drop(&mut self) {
        self.stop();
    }
}
