//! All series the engine knows, each with an ordinal that stands for it while the process lives.
//!
//! Invariants: ordinals count up from 0 and are never reused; two ordinals never have equal labels; every ordinal whose series
//! has not left is in exactly one posting list, that of its metric name (empty for series without one).

mod arena;
mod matched;
mod shapes;
mod sorted_texts;
mod value_index;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::size_of;
use std::sync::Arc;

use hashbrown::HashTable;
use narthex_model::{Error, Labels, LabelsRef, METRIC_NAME, Matcher, Result, WriteBatch};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::matching::{name_candidates, text_of};
use crate::ordinal_set::OrdinalSet;
use crate::paged::Paged;
use arena::{LabelArena, NOWHERE, Place};
pub(crate) use matched::{Candidate, MatchedSeries};
use shapes::Shapes;
use value_index::ValueIndex;

/// Series that are looked at under one lock: writers of new series wait meanwhile.
const LOCKED_SERIES: usize = 4096;

/// The series table, shared by writers and queries.
#[derive(Default)]
pub(crate) struct SeriesTable {
    inner: RwLock<Inner>,
    /// Held by those who have ordinals that nothing stands for yet.
    pin: Arc<()>,
}

/// While it lives, no series leaves.
#[derive(Clone)]
pub(crate) struct Pin {
    _held: Arc<()>,
}

struct Inner {
    labels: LabelArena,
    /// Where the labels of a series lie.
    places: Paged<Place>,
    /// The next ordinal.
    next: u32,
    /// By series id.
    index: HashTable<Entry>,
    by_name: BTreeMap<Box<str>, Posting>,
    values: ValueIndex,
    shapes: Shapes,
    /// How often series left.
    generation: u64,
}

/// A series in the index. Half of its id tells nearly all others apart, its labels do the rest.
#[derive(Clone, Copy)]
struct Entry {
    id_high: u32,
    ordinal: u32,
}

/// The series of one metric name.
#[derive(Default)]
struct Posting {
    ordinals: Vec<u32>,
    /// Whether they are sorted by labels.
    sorted: bool,
}

/// What the table takes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TableSize {
    /// Series that have not left.
    pub(crate) series: u64,
    /// Bytes of memory.
    pub(crate) bytes: u64,
}

impl SeriesTable {
    /// Number of series that have not left, and their memory.
    pub(crate) fn size(&self) -> TableSize {
        let inner = self.inner.read();
        TableSize {
            series: inner.index.len() as u64,
            bytes: inner.heap_bytes() as u64,
        }
    }

    /// The first ordinal that no series has had.
    pub(crate) fn next_ordinal(&self) -> u32 {
        self.inner.read().next
    }

    /// How often series left: ordinals found earlier must then be looked up again.
    pub(crate) fn generation(&self) -> u64 {
        self.inner.read().generation
    }

    /// The ordinals below `end` that `which` chooses and that have not left.
    pub(crate) fn present(&self, end: u32, which: impl Fn(u32) -> bool) -> Vec<u32> {
        let chosen: Vec<u32> = (0..end).filter(|o| which(*o)).collect();
        let mut present = Vec::new();
        for part in chosen.chunks(LOCKED_SERIES) {
            let inner = self.inner.read();
            present.extend(inner.present(part).map(|(ordinal, _)| ordinal));
        }
        present
    }

    /// Keeps series from leaving.
    pub(crate) fn pin(&self) -> Pin {
        let _held = self.pin.clone();
        Pin { _held }
    }

    /// Lets series leave, unless there is a pin; gives their number.
    pub(crate) fn remove(&self, ordinals: &[u32]) -> usize {
        let mut inner = self.inner.write();
        if Arc::strong_count(&self.pin) > 1 {
            return 0;
        }
        inner.remove(ordinals)
    }

    /// The labels of series `ordinal`; the empty set if there is none.
    pub(crate) fn labels(&self, ordinal: u32) -> Labels {
        let inner = self.inner.read();
        inner.labels.share(inner.places.get(ordinal))
    }

    /// The series `ordinals`, sorted by labels.
    pub(crate) fn sorted(&self, ordinals: impl Iterator<Item = u32>) -> Vec<(u32, Labels)> {
        let inner = self.inner.read();
        let labels = |ordinal| (ordinal, inner.labels.share(inner.places.get(ordinal)));
        let mut series: Vec<_> = ordinals.map(labels).collect();
        drop(inner);
        series.sort_unstable_by(|a, b| a.1.cmp(&b.1));
        series
    }

    /// The ordinals of a batch's series, in their order, and the generation they are of; new series are added.
    ///
    /// # Errors
    /// `Limit` if the ordinals are used up.
    pub(crate) fn resolve_batch(&self, batch: &WriteBatch) -> Result<(Vec<u32>, u64)> {
        self.resolve(batch.series_count(), |i| batch.labels(i as u32))
    }

    /// The ordinals of `labels`, in their order; new series are added. Hold a [`SeriesTable::pin`] until they stand for
    /// something.
    ///
    /// # Errors
    /// `Limit` if the ordinals are used up.
    pub(crate) fn resolve_all(&self, labels: &[Labels]) -> Result<Vec<u32>> {
        let resolved = self.resolve(labels.len(), |i| {
            labels.get(i).map_or(LabelsRef::EMPTY, Labels::as_ref)
        });
        Ok(resolved?.0)
    }

    fn resolve<'a>(
        &self,
        count: usize,
        labels: impl Fn(usize) -> LabelsRef<'a>,
    ) -> Result<(Vec<u32>, u64)> {
        let mut ordinals = Vec::with_capacity(count);
        let mut missing = Vec::new();
        let inner = self.inner.read();
        let generation = inner.generation;
        for i in 0..count {
            let id = labels(i).id();
            ordinals.push(inner.find(id, labels(i)).unwrap_or_else(|| {
                missing.push((i, id));
                0
            }));
        }
        drop(inner);
        if missing.is_empty() {
            return Ok((ordinals, generation));
        }
        let mut inner = self.inner.write();
        for (i, id) in missing {
            if let Some(ordinal) = ordinals.get_mut(i) {
                *ordinal = inner.find_or_add(id, labels(i))?;
            }
        }
        // If series left in between, the generation is that of the ones found before.
        Ok((ordinals, generation))
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

impl Default for Inner {
    fn default() -> Self {
        Self {
            labels: LabelArena::default(),
            places: Paged::new(NOWHERE),
            next: 0,
            index: HashTable::new(),
            by_name: BTreeMap::new(),
            values: ValueIndex::default(),
            shapes: Shapes::default(),
            generation: 0,
        }
    }
}

impl Inner {
    /// Those of `ordinals` that have not left, and where their labels lie.
    fn present(&self, ordinals: &[u32]) -> impl Iterator<Item = (u32, Place)> {
        let places = ordinals.iter().map(|o| (*o, self.places.get(*o)));
        places.filter(|(_, place)| *place != NOWHERE)
    }

    fn labels_of(&self, ordinal: u32) -> LabelsRef<'_> {
        self.labels.get(self.places.get(ordinal))
    }

    fn find(&self, id: u64, labels: LabelsRef<'_>) -> Option<u32> {
        let wanted = Entry::new(id, 0);
        let is_it = |e: &Entry| e.id_high == wanted.id_high && self.labels_of(e.ordinal) == labels;
        self.index.find(wanted.hash(), is_it).map(|e| e.ordinal)
    }

    fn find_or_add(&mut self, id: u64, labels: LabelsRef<'_>) -> Result<u32> {
        if let Some(ordinal) = self.find(id, labels) {
            return Ok(ordinal);
        }
        let full = || Error::limit("more than 4294967294 series since the start: start again");
        let ordinal = Some(self.next).filter(|n| *n < u32::MAX).ok_or_else(full)?;
        let place = self.labels.push(labels).ok_or_else(full)?;
        let entry = Entry::new(id, ordinal);
        self.index.insert_unique(entry.hash(), entry, Entry::hash);
        self.add_posting(ordinal, labels);
        self.places.set(ordinal, place);
        self.shapes.insert(ordinal, labels);
        let (arena, places) = (&self.labels, &self.places);
        let labels_of = |ordinal| arena.get(places.get(ordinal));
        self.values.insert(ordinal, labels, labels_of);
        self.next += 1;
        Ok(ordinal)
    }

    fn add_posting(&mut self, ordinal: u32, labels: LabelsRef<'_>) {
        let name = text_of(labels, METRIC_NAME);
        let Some(posting) = self.by_name.get_mut(name) else {
            let (ordinals, sorted) = (vec![ordinal], true);
            self.by_name
                .insert(name.into(), Posting { ordinals, sorted });
            return;
        };
        let newest = posting.ordinals.last();
        let newest = newest.map(|o| self.labels.get(self.places.get(*o)));
        posting.sorted &= newest.is_none_or(|l| l < labels);
        if posting.ordinals.len() == posting.ordinals.capacity() {
            let more = (posting.ordinals.len() / 8).max(4);
            posting.ordinals.reserve_exact(more);
        }
        posting.ordinals.push(ordinal);
    }

    fn remove(&mut self, ordinals: &[u32]) -> usize {
        self.remove_values(ordinals);
        let mut names = BTreeSet::<Box<str>>::new();
        let mut removed = 0;
        for ordinal in ordinals {
            let place = self.places.get(*ordinal);
            if place == NOWHERE {
                continue;
            }
            let labels = self.labels.get(place);
            let name = text_of(labels, METRIC_NAME);
            if !names.contains(name) {
                names.insert(name.into());
            }
            let hash = Entry::new(labels.id(), *ordinal).hash();
            if let Ok(entry) = self.index.find_entry(hash, |e| e.ordinal == *ordinal) {
                entry.remove();
            }
            self.labels.remove(place);
            self.places.set(*ordinal, NOWHERE);
            self.shapes.remove(*ordinal);
            removed += 1;
        }
        self.generation += u64::from(removed > 0);
        self.tidy(&names);
        removed
    }

    fn remove_values(&mut self, ordinals: &[u32]) {
        let (arena, places) = (&self.labels, &self.places);
        let labels_of = |ordinal| arena.get(places.get(ordinal));
        let mut gone = OrdinalSet::new(self.next);
        ordinals.iter().for_each(|o| gone.insert(*o));
        let labels = ordinals.iter().map(|o| labels_of(*o));
        self.values.remove(&gone, labels, labels_of);
    }

    /// Gives memory back after series of these metric names left.
    fn tidy(&mut self, names: &BTreeSet<Box<str>>) {
        for name in names {
            if let Some(posting) = self.by_name.get_mut(name) {
                posting.ordinals.retain(|o| self.places.get(*o) != NOWHERE);
                posting.ordinals.shrink_to_fit();
                if posting.ordinals.is_empty() {
                    self.by_name.remove(name);
                }
            }
        }
        if self.index.len() < self.index.capacity() / 4 {
            self.index.shrink_to(self.index.len() * 2, Entry::hash);
        }
        for posting in self.by_name.values() {
            for ordinal in &posting.ordinals {
                let old = self.places.get(*ordinal);
                if self.labels.is_sparse(old)
                    && let Some(new) = self.labels.push(self.labels.get(old).to_owned().as_ref())
                {
                    self.places.set(*ordinal, new);
                    self.labels.remove(old);
                }
            }
        }
        self.places.shrink();
        self.shapes.shrink();
    }

    fn heap_bytes(&self) -> usize {
        let of_posting = |p: &Posting| p.ordinals.capacity() * size_of::<u32>();
        let postings: usize = self.by_name.values().map(of_posting).sum();
        self.labels.heap_bytes()
            + self.places.heap_bytes()
            + self.index.allocation_size()
            + self.values.heap_bytes()
            + self.shapes.heap_bytes()
            + postings
    }

    fn sort(&mut self, on_name: &[&Matcher]) {
        let (labels, places) = (&self.labels, &self.places);
        let labels_of = |ordinal: &u32| labels.get(places.get(*ordinal));
        for (name, posting) in &mut self.by_name {
            if !posting.sorted && on_name.iter().all(|m| m.accepts(name)) {
                // Stable on purpose: it is fast where sorted series got a few new ones behind them.
                posting
                    .ordinals
                    .sort_by(|a, b| labels_of(a).cmp(&labels_of(b)));
                posting.sorted = true;
            }
        }
    }
}

impl Entry {
    fn new(id: u64, ordinal: u32) -> Self {
        let id_high = (id >> 32) as u32;
        Self { id_high, ordinal }
    }

    /// Spreads what is known of the id over all bits, as hash tables want it.
    fn hash(&self) -> u64 {
        u64::from(self.id_high).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

#[cfg(test)]
mod tests;
