//! All series the engine knows, each with an ordinal that stands for it while the process lives.
//!
//! Invariants: ordinals count up from 0 and are never reused; two ordinals never have equal labels; every ordinal is in
//! exactly one posting list, that of its metric name (empty for series without one).

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use narthex_model::{Error, Labels, LabelsRef, METRIC_NAME, Matcher, Result, WriteBatch};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::matching::{LabelFilter, name_candidates, text_of};

/// The series table, shared by writers and queries.
#[derive(Default)]
pub(crate) struct SeriesTable {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    labels: Vec<Labels>,
    /// By series id. Where ids collide, the first series; the others are in `collided`.
    by_id: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
    collided: Vec<u32>,
    by_name: BTreeMap<Box<str>, Posting>,
}

/// The series of one metric name.
#[derive(Default)]
struct Posting {
    ordinals: Vec<u32>,
    /// Whether they are sorted by labels.
    sorted: bool,
}

/// Series of a selection: ordinals and labels, side by side, sorted by labels.
#[derive(Default)]
pub(crate) struct MatchedSeries {
    pub(crate) ordinals: Vec<u32>,
    pub(crate) labels: Vec<Labels>,
}

impl SeriesTable {
    /// Number of series.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.inner.read().labels.len()
    }

    /// The labels of series `ordinal`; the empty set if there is none.
    pub(crate) fn labels(&self, ordinal: u32) -> Labels {
        self.inner
            .read()
            .labels
            .get(ordinal as usize)
            .cloned()
            .unwrap_or_else(Labels::empty)
    }

    /// The series `ordinals`, sorted by labels.
    pub(crate) fn sorted(&self, ordinals: impl Iterator<Item = u32>) -> Vec<(u32, Labels)> {
        let inner = self.inner.read();
        let labels = |ordinal: u32| Some((ordinal, inner.labels.get(ordinal as usize)?.clone()));
        let mut series: Vec<_> = ordinals.filter_map(labels).collect();
        drop(inner);
        series.sort_unstable_by(|a, b| a.1.cmp(&b.1));
        series
    }

    /// The ordinals of a batch's series, in their order; new series are added.
    ///
    /// # Errors
    /// `Limit` if the ordinals are used up.
    pub(crate) fn resolve_batch(&self, batch: &WriteBatch) -> Result<Vec<u32>> {
        self.resolve(batch.series_count(), |i| batch.labels(i as u32))
    }

    /// The ordinals of `labels`, in their order; new series are added.
    ///
    /// # Errors
    /// `Limit` if the ordinals are used up.
    pub(crate) fn resolve_all(&self, labels: &[Labels]) -> Result<Vec<u32>> {
        self.resolve(labels.len(), |i| {
            labels.get(i).map_or(LabelsRef::EMPTY, Labels::as_ref)
        })
    }

    fn resolve<'a>(
        &self,
        count: usize,
        labels: impl Fn(usize) -> LabelsRef<'a>,
    ) -> Result<Vec<u32>> {
        let mut ordinals = Vec::with_capacity(count);
        let mut missing = Vec::new();
        let inner = self.inner.read();
        for i in 0..count {
            let id = labels(i).id();
            ordinals.push(inner.find(id, labels(i)).unwrap_or_else(|| {
                missing.push((i, id));
                0
            }));
        }
        drop(inner);
        if missing.is_empty() {
            return Ok(ordinals);
        }
        let mut inner = self.inner.write();
        for (i, id) in missing {
            if let Some(ordinal) = ordinals.get_mut(i) {
                *ordinal = inner.find_or_add(id, labels(i))?;
            }
        }
        Ok(ordinals)
    }

    /// The series that all `matchers` accept and `wanted` too, sorted by labels.
    pub(crate) fn select(
        &self,
        matchers: &[Matcher],
        mut wanted: impl FnMut(u32, LabelsRef<'_>) -> bool,
    ) -> MatchedSeries {
        let (on_name, others): (Vec<_>, Vec<_>) =
            matchers.iter().partition(|m| m.name() == METRIC_NAME);
        let filters: Vec<_> = others.into_iter().map(LabelFilter::new).collect();
        let mut matched = MatchedSeries::default();
        let inner = self.read_sorted(&on_name);
        let postings = name_candidates(&inner.by_name, &on_name);
        let names = postings.len();
        for ordinal in postings
            .into_iter()
            .flat_map(|p| p.ordinals.iter().copied())
        {
            let Some(labels) = inner.labels.get(ordinal as usize) else {
                continue;
            };
            if filters.iter().all(|f| f.accepts(labels.as_ref()))
                && wanted(ordinal, labels.as_ref())
            {
                matched.ordinals.push(ordinal);
                matched.labels.push(labels.clone());
            }
        }
        drop(inner);
        // A label whose name sorts before `__name__` outranks the metric name.
        if names > 1 && !matched.labels.is_sorted() {
            matched.sorted()
        } else {
            matched
        }
    }

    /// Calls `visit` with the series that all `matchers` accept, in no order.
    pub(crate) fn for_each(&self, matchers: &[Matcher], mut visit: impl FnMut(u32, LabelsRef<'_>)) {
        let (on_name, others): (Vec<_>, Vec<_>) =
            matchers.iter().partition(|m| m.name() == METRIC_NAME);
        let filters: Vec<_> = others.into_iter().map(LabelFilter::new).collect();
        let inner = self.inner.read();
        for ordinal in name_candidates(&inner.by_name, &on_name)
            .into_iter()
            .flat_map(|p| p.ordinals.iter().copied())
        {
            let Some(labels) = inner.labels.get(ordinal as usize) else {
                continue;
            };
            if filters.iter().all(|f| f.accepts(labels.as_ref())) {
                visit(ordinal, labels.as_ref());
            }
        }
    }

    /// A read guard under which the postings that `on_name` chooses are sorted.
    fn read_sorted(&self, on_name: &[&Matcher]) -> RwLockReadGuard<'_, Inner> {
        let inner = self.inner.read();
        if name_candidates(&inner.by_name, on_name)
            .iter()
            .all(|p| p.sorted)
        {
            return inner;
        }
        drop(inner);
        let mut inner = self.inner.write();
        inner.sort(on_name);
        RwLockWriteGuard::downgrade(inner)
    }
}

impl MatchedSeries {
    fn sorted(self) -> Self {
        let mut pairs: Vec<_> = self.labels.into_iter().zip(self.ordinals).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        let (labels, ordinals) = pairs.into_iter().unzip();
        Self { ordinals, labels }
    }
}

impl Inner {
    fn find(&self, id: u64, labels: LabelsRef<'_>) -> Option<u32> {
        let is_it = |ordinal: &u32| {
            self.labels
                .get(*ordinal as usize)
                .is_some_and(|l| l.as_ref() == labels)
        };
        let first = self.by_id.get(&id)?;
        if is_it(first) {
            Some(*first)
        } else {
            self.collided.iter().copied().find(is_it)
        }
    }

    fn find_or_add(&mut self, id: u64, labels: LabelsRef<'_>) -> Result<u32> {
        if let Some(ordinal) = self.find(id, labels) {
            return Ok(ordinal);
        }
        let next = u32::try_from(self.labels.len())
            .ok()
            .filter(|n| *n < u32::MAX);
        let ordinal = next.ok_or_else(|| Error::limit("more than 4294967294 series"))?;
        let owned = labels.to_owned();
        match self.by_id.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(ordinal);
            }
            Entry::Occupied(_) => self.collided.push(ordinal),
        }
        self.add_posting(ordinal, labels);
        self.labels.push(owned);
        Ok(ordinal)
    }

    fn add_posting(&mut self, ordinal: u32, labels: LabelsRef<'_>) {
        let name = text_of(labels, METRIC_NAME);
        let Some(posting) = self.by_name.get_mut(name) else {
            self.by_name.insert(
                name.into(),
                Posting {
                    ordinals: vec![ordinal],
                    sorted: true,
                },
            );
            return;
        };
        let newest = posting
            .ordinals
            .last()
            .and_then(|o| self.labels.get(*o as usize));
        posting.sorted &= newest.is_none_or(|l| l.as_ref() < labels);
        posting.ordinals.push(ordinal);
    }

    fn sort(&mut self, on_name: &[&Matcher]) {
        let labels = &self.labels;
        for (name, posting) in &mut self.by_name {
            if !posting.sorted && on_name.iter().all(|m| m.accepts(name)) {
                // Stable on purpose: it is fast where sorted series got a few new ones behind them.
                posting
                    .ordinals
                    .sort_by(|a, b| labels.get(*a as usize).cmp(&labels.get(*b as usize)));
                posting.sorted = true;
            }
        }
    }
}

/// Series ids are hashes already.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }
}

#[cfg(test)]
mod tests;
