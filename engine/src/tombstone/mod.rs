//! Deletes that were asked for and are not yet done in every block.
//!
//! A tombstone concerns what was stored before it and nothing that came later, even at the same times. The age of a source
//! decides: a block says through which tombstone its samples were cleaned (`source.deletes_through`), a frozen window through
//! which WAL segment it was written. Windows that are still written to are never concerned: those that were, were frozen
//! when the tombstone was set.

mod file;
mod hidden;

use std::sync::Arc;

use narthex_model::{LabelsRef, Matcher, TimeRange, TimestampMs};

pub(crate) use hidden::{Hidden, Hiding, covers, outside, spans, visible_rows};

/// A delete: which samples are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tombstone {
    /// Counts from 1; never used twice in a store.
    pub(crate) number: u64,
    /// A series is concerned if all matchers of one of the sets accept it.
    pub(crate) matcher_sets: Vec<Vec<Matcher>>,
    /// A sample is concerned if its time lies inside.
    pub(crate) range: TimeRange,
    /// Samples in WAL segments up to this one are older than the tombstone, those in later ones are not concerned.
    pub(crate) wal_through: u64,
    /// When it was set, in milliseconds since the epoch.
    pub(crate) created_ms: TimestampMs,
}

/// The tombstones of a store. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tombstones {
    /// The newest number that was ever used; 0 if none was.
    newest: u64,
    /// By number.
    active: Arc<[Arc<Tombstone>]>,
}

impl Tombstone {
    /// Whether it concerns the series with these labels.
    pub(crate) fn accepts(&self, labels: LabelsRef<'_>) -> bool {
        any_accepts(&self.matcher_sets, labels)
    }
}

/// Whether all matchers of one of the sets accept the series with these labels.
pub(crate) fn any_accepts(matcher_sets: &[Vec<Matcher>], labels: LabelsRef<'_>) -> bool {
    let accepts = |set: &Vec<Matcher>| set.iter().all(|m| m.accepts_labels(labels));
    matcher_sets.iter().any(accepts)
}

impl Tombstones {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.active.len()
    }

    /// All of them, by number.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Tombstone>> {
        self.active.iter()
    }

    /// The newest number that was ever used: a source that is clean through it is concerned by none of these.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// The newest segment that one of them refers to; 0 if there are none.
    pub(crate) fn newest_segment(&self) -> u64 {
        self.active.iter().map(|t| t.wal_through).max().unwrap_or(0)
    }

    /// Through which tombstone a window is clean that was frozen with WAL segment `through_segment`.
    pub(crate) fn clean_through(&self, through_segment: u64) -> u64 {
        let earlier = self
            .active
            .iter()
            .rfind(|t| t.wal_through < through_segment);
        earlier.map_or(0, |t| t.number)
    }

    /// These and one more, which gets the next number.
    pub(crate) fn with(&self, tombstone: Tombstone) -> Self {
        let number = self.newest + 1;
        let added = Arc::new(Tombstone {
            number,
            ..tombstone
        });
        Self {
            newest: number,
            active: self.active.iter().cloned().chain([added]).collect(),
        }
    }

    /// These without those that `done` chooses.
    pub(crate) fn without(&self, done: impl Fn(&Tombstone) -> bool) -> Self {
        let left = self.active.iter().filter(|t| !done(t)).cloned();
        Self {
            newest: self.newest,
            active: left.collect(),
        }
    }

    /// These and those of `older`, another version of the same.
    pub(crate) fn and(&self, older: &Self) -> Self {
        let mut all: Vec<_> = self.active.to_vec();
        let known = |t: &&Arc<Tombstone>| !self.active.iter().any(|mine| mine.number == t.number);
        all.extend(older.active.iter().filter(known).cloned());
        all.sort_unstable_by_key(|t| t.number);
        Self {
            newest: self.newest.max(older.newest),
            active: all.into(),
        }
    }

    /// Lets no number be used that a block refers to.
    pub(crate) fn raise_newest(&mut self, deletes_through: u64) {
        self.newest = self.newest.max(deletes_through);
    }
}
