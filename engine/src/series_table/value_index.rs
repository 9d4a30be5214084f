//! Which series have which value of which label.
//!
//! Texts of values are not kept here, unless they were asked for in their order: that of a value is found in the labels of its
//! first series. The ordinals of a value are
//! increasing and kept as distances, most of them a byte each.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::mem::size_of;
use std::sync::{Arc, LazyLock};

use hashbrown::HashTable;
use narthex_model::LabelsRef;
use parking_lot::Mutex;
use twox_hash::XxHash64;

use super::sorted_texts::SortedTexts;
use crate::matching::text_of;
use crate::ordinal_set::OrdinalSet;

/// The values of all labels, by the label's name.
#[derive(Default)]
pub(super) struct ValueIndex {
    names: BTreeMap<Box<str>, Values>,
}

/// The values of one label.
#[derive(Default)]
pub(super) struct Values {
    values: Vec<Value>,
    /// Positions in `values`, by the hash of the text.
    table: HashTable<u32>,
    /// Series that have the label.
    series: u64,
    /// Made when asked for; given up when a value comes or goes.
    sorted: Mutex<Option<Arc<SortedTexts>>>,
}

/// The series that have one value.
pub(super) struct Value {
    hash: u32,
    first: u32,
    last: u32,
    count: u32,
    /// From each ordinal to the next: seven bits a byte, the lowest first.
    distances: Vec<u8>,
}

/// Finds the labels of a series.
pub(super) trait LabelsOf<'a>: Fn(u32) -> LabelsRef<'a> {}
impl<'a, F: Fn(u32) -> LabelsRef<'a>> LabelsOf<'a> for F {}

impl ValueIndex {
    /// Adds a series, whose ordinal is the largest.
    pub(super) fn insert<'a>(
        &mut self,
        ordinal: u32,
        labels: LabelsRef<'_>,
        labels_of: impl LabelsOf<'a>,
    ) {
        for (name, text) in labels.iter() {
            match self.names.get_mut(name) {
                Some(values) => values.insert(name, text, ordinal, &labels_of),
                None => {
                    let mut values = Values::default();
                    values.insert(name, text, ordinal, &labels_of);
                    self.names.insert(name.into(), values);
                }
            }
        }
    }

    /// Takes out the series that `gone` holds and whose labels, which are still there, `labels` gives.
    pub(super) fn remove<'a>(
        &mut self,
        gone: &OrdinalSet,
        labels: impl Iterator<Item = LabelsRef<'a>>,
        labels_of: impl LabelsOf<'a>,
    ) {
        let concerned: HashSet<_> = labels.flat_map(|labels| labels.iter()).collect();
        for (name, text) in concerned {
            if let Some(values) = self.names.get_mut(name) {
                values.remove(name, text, gone, &labels_of);
            }
        }
        self.names.retain(|_, values| values.series > 0);
    }

    /// All labels and their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Values)> {
        let names = self.names.iter();
        names.map(|(name, values)| (name.as_ref(), values))
    }

    /// The values of label `name`, if any series has it.
    pub(super) fn get(&self, name: &str) -> Option<&Values> {
        self.names.get(name)
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        let of_values = |values: &Values| size_of::<Values>() + values.heap_bytes();
        self.names.values().map(of_values).sum()
    }
}

impl Values {
    fn insert<'a>(&mut self, name: &str, text: &str, ordinal: u32, labels_of: &impl LabelsOf<'a>) {
        self.series += 1;
        if let Some(at) = self.position(name, text, labels_of)
            && let Some(value) = self.values.get_mut(at as usize)
        {
            return value.push(ordinal);
        }
        let (hash, at) = (hash(text), self.values.len() as u32);
        if self.values.len() == self.values.capacity() {
            self.values.reserve_exact((self.values.len() / 4).max(1));
        }
        self.values.push(Value::new(hash, ordinal));
        let values = &self.values;
        let hash_at = |at: &u32| spread(values.get(*at as usize).map_or(0, |v| v.hash));
        self.table.insert_unique(spread(hash), at, hash_at);
        *self.sorted.get_mut() = None;
    }

    fn remove<'a>(
        &mut self,
        name: &str,
        text: &str,
        gone: &OrdinalSet,
        labels_of: &impl LabelsOf<'a>,
    ) {
        let at = self.position(name, text, labels_of);
        let Some((at, value)) = at.and_then(|at| Some((at, self.values.get_mut(at as usize)?)))
        else {
            return;
        };
        let kept = value.without(gone);
        self.series -= (value.len() - kept.as_ref().map_or(0, Value::len)) as u64;
        match kept {
            Some(kept) => *value = kept,
            None => self.forget(at),
        }
    }

    /// Takes the value at a position out; the last one takes its place.
    fn forget(&mut self, at: u32) {
        let last = self.values.len() as u32 - 1;
        let removed = self.values.swap_remove(at as usize);
        let is_it = |there: &u32| *there == at;
        if let Ok(entry) = self.table.find_entry(spread(removed.hash), is_it) {
            entry.remove();
        }
        let moved = self.values.get(at as usize).map(|v| spread(v.hash));
        if let Some(hash) = moved
            && let Some(there) = self.table.find_mut(hash, |there| *there == last)
        {
            *there = at;
        }
        if self.values.len() < self.values.capacity() / 4 {
            self.values.shrink_to(self.values.len() * 2);
            let values = &self.values;
            let hash_at = |at: &u32| spread(values.get(*at as usize).map_or(0, |v| v.hash));
            self.table.shrink_to(values.len() * 2, hash_at);
        }
        *self.sorted.get_mut() = None;
    }

    /// Where the value `text` of label `name`, which this is of, is.
    fn position<'a>(&self, name: &str, text: &str, labels_of: &impl LabelsOf<'a>) -> Option<u32> {
        let hash = hash(text);
        let is_it = |at: &u32| {
            let value = self.values.get(*at as usize);
            value.is_some_and(|v| v.hash == hash && text_of(labels_of(v.first), name) == text)
        };
        self.table.find(spread(hash), is_it).copied()
    }

    /// Number of different values.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Number of series that have the label.
    pub(super) fn series(&self) -> u64 {
        self.series
    }

    /// The series whose value of label `name`, which this is of, is `text`.
    pub(super) fn find<'a>(
        &self,
        name: &str,
        text: &str,
        labels_of: impl LabelsOf<'a>,
    ) -> Option<&Value> {
        self.at(self.position(name, text, &labels_of)?)
    }

    /// The value at a position.
    pub(super) fn at(&self, position: u32) -> Option<&Value> {
        self.values.get(position as usize)
    }

    /// All values, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }

    /// The texts of all values of label `name`, which this is of.
    pub(super) fn sorted<'a>(&self, name: &str, labels_of: impl LabelsOf<'a>) -> Arc<SortedTexts> {
        let mut sorted = self.sorted.lock();
        let made = sorted.get_or_insert_with(|| {
            let values = (0..).zip(&self.values);
            let texts = values.map(|(at, v)| (text_of(labels_of(v.first), name), at));
            Arc::new(SortedTexts::of(texts.collect()))
        });
        made.clone()
    }

    fn heap_bytes(&self) -> usize {
        let distances = self.values.iter().map(|v| v.distances.capacity());
        let sorted = self.sorted.lock();
        self.values.capacity() * size_of::<Value>()
            + self.table.allocation_size()
            + distances.sum::<usize>()
            + sorted.as_ref().map_or(0, |s| s.heap_bytes())
    }
}

impl Value {
    fn new(hash: u32, ordinal: u32) -> Self {
        Self {
            hash,
            first: ordinal,
            last: ordinal,
            count: 1,
            distances: Vec::new(),
        }
    }

    fn push(&mut self, ordinal: u32) {
        let mut distance = ordinal - self.last;
        while distance >= 0x80 {
            self.distances.push(distance as u8 | 0x80);
            distance >>= 7;
        }
        self.distances.push(distance as u8);
        self.last = ordinal;
        self.count += 1;
    }

    /// What is left without the series of `gone`, if anything is.
    fn without(&self, gone: &OrdinalSet) -> Option<Self> {
        let mut left = self.ordinals().filter(|o| !gone.contains(*o));
        let mut kept = Self::new(self.hash, left.next()?);
        left.for_each(|ordinal| kept.push(ordinal));
        kept.distances.shrink_to_fit();
        Some(kept)
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// The series, increasing.
    pub(super) fn ordinals(&self) -> impl Iterator<Item = u32> {
        let mut ordinal = self.first;
        let mut bytes = self.distances.iter();
        let rest = std::iter::from_fn(move || {
            let (mut distance, mut shift) = (0, 0);
            loop {
                let byte = bytes.next()?;
                distance |= u32::from(byte & 0x7f) << shift;
                if *byte < 0x80 {
                    break;
                }
                shift += 7;
            }
            ordinal += distance;
            Some(ordinal)
        });
        std::iter::once(self.first).chain(rest)
    }
}

/// Differs from process to process, so nobody can send values that collide.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));

fn hash(text: &str) -> u32 {
    (XxHash64::oneshot(*SEED, text.as_bytes()) >> 32) as u32
}

/// Spreads half a hash over all bits, as hash tables want it.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use narthex_model::Labels;

    use super::*;

    #[test]
    fn series_come_and_leave() {
        let set = |n: u32| {
            let (odd, n) = ((n % 2).to_string(), (n / 3).to_string());
            Labels::new([("odd", odd.as_str()), ("n", &n)]).expect("valid")
        };
        let sets: Vec<_> = (0..600).map(set).collect();
        let labels_of = |ordinal: u32| sets[(ordinal / 100) as usize].as_ref();
        let mut index = ValueIndex::default();
        for (at, labels) in (0..).zip(&sets) {
            index.insert(at * 100, labels.as_ref(), labels_of);
        }
        let ordinals = |index: &ValueIndex, name: &str, text: &str| {
            let found = index.get(name).and_then(|v| v.find(name, text, labels_of));
            found.map(|v| v.ordinals().collect::<Vec<_>>())
        };
        assert_eq!(ordinals(&index, "n", "1"), Some(vec![300, 400, 500]));
        assert_eq!(index.get("n").map(Values::len), Some(200));
        assert_eq!(index.get("odd").map(Values::series), Some(600));
        let sorted = |index: &ValueIndex, prefix: &str| -> Vec<String> {
            let sorted = index.get("n").expect("there").sorted("n", labels_of);
            let texts = sorted.beginning_with(prefix);
            texts.map(|(text, _)| text.to_owned()).collect()
        };
        assert_eq!(sorted(&index, "19").len(), 11);
        assert_eq!(sorted(&index, "").len(), 200);
        let mut gone = OrdinalSet::new(60_000);
        let left = |n: &u32| *n == 300 || n / 100 >= 597;
        (0..60_000)
            .filter(|n| n % 100 == 0 && !left(n))
            .for_each(|n| gone.insert(n));
        index.remove(&gone, gone.iter().map(labels_of), labels_of);
        assert_eq!(ordinals(&index, "n", "1"), Some(vec![300]));
        assert_eq!(ordinals(&index, "n", "2"), None);
        assert_eq!(sorted(&index, ""), ["1", "199"]);
        assert_eq!(
            ordinals(&index, "odd", "1"),
            Some(vec![300, 59_700, 59_900])
        );
        assert_eq!(index.get("n").map(|v| (v.len(), v.series())), Some((2, 4)));
        gone = OrdinalSet::new(60_000);
        (0..60_000).for_each(|n| gone.insert(n));
        let rest = [300, 59_700, 59_800, 59_900].into_iter();
        index.remove(&gone, rest.map(labels_of), labels_of);
        assert!(index.get("n").is_none() && index.heap_bytes() == 0);
    }
}
