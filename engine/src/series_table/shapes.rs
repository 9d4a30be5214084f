//! Which label names go together: most series share theirs with many others.

use std::collections::{BTreeSet, HashMap};

use narthex_model::{LabelsRef, METRIC_NAME};

use crate::paged::Paged;

/// In place of a shape.
const NONE: u32 = u32::MAX;

/// The sets of label names that series have or had, and which one each has.
pub(super) struct Shapes {
    by_names: HashMap<Box<[u8]>, u32>,
    shapes: Vec<Shape>,
    /// Number of shapes that some series has.
    used: usize,
    of_series: Paged<u32>,
    /// Whether the first label of some series is another than the metric's name.
    any_begins_otherwise: bool,
    /// Room to put names together in.
    key: Vec<u8>,
}

struct Shape {
    names: Box<[Box<str>]>,
    /// Number of series that have it.
    series: u64,
}

/// Shapes that were seen.
#[derive(Default)]
pub(super) struct SeenShapes {
    seen: Vec<bool>,
    count: usize,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            by_names: HashMap::new(),
            shapes: Vec::new(),
            used: 0,
            of_series: Paged::new(NONE),
            any_begins_otherwise: false,
            key: Vec::new(),
        }
    }
}

impl Shapes {
    /// Notes the names of a series.
    pub(super) fn insert(&mut self, ordinal: u32, labels: LabelsRef<'_>) {
        self.key.clear();
        for (name, _) in labels.texts() {
            self.key
                .extend_from_slice(&(name.len() as u32).to_le_bytes());
            self.key.extend_from_slice(name);
        }
        let known = self.by_names.get(self.key.as_slice()).copied();
        let shape = known.unwrap_or_else(|| {
            let shape = self.shapes.len() as u32;
            self.by_names.insert(self.key.as_slice().into(), shape);
            let names = labels.iter().map(|(name, _)| name.into()).collect();
            self.shapes.push(Shape { names, series: 0 });
            self.any_begins_otherwise |= labels.iter().next().is_none_or(|l| l.0 != METRIC_NAME);
            shape
        });
        self.of_series.set(ordinal, shape);
        if let Some(shape) = self.shapes.get_mut(shape as usize) {
            self.used += usize::from(shape.series == 0);
            shape.series += 1;
        }
    }

    /// Forgets a series.
    pub(super) fn remove(&mut self, ordinal: u32) {
        let shape = self.of_series.get(ordinal) as usize;
        if let Some(shape) = self.shapes.get_mut(shape) {
            shape.series -= 1;
            self.used -= usize::from(shape.series == 0);
        }
        self.of_series.set(ordinal, NONE);
    }

    /// Gives memory back after series left.
    pub(super) fn shrink(&mut self) {
        self.of_series.shrink();
    }

    /// Whether the order of the metrics' names is that of their series.
    pub(super) fn are_sorted_by_metric(&self) -> bool {
        !self.any_begins_otherwise
    }

    /// Notes the shape of a series.
    #[inline]
    pub(super) fn see(&self, ordinal: u32, seen: &mut SeenShapes) {
        let shape = self.of_series.get(ordinal) as usize;
        if !seen.has(shape) && shape < self.shapes.len() {
            seen.seen.resize(self.shapes.len(), false);
            seen.count += 1;
            if let Some(slot) = seen.seen.get_mut(shape) {
                *slot = true;
            }
        }
    }

    /// Whether a series has a shape that was seen.
    #[inline]
    pub(super) fn is_seen(&self, ordinal: u32, seen: &SeenShapes) -> bool {
        seen.has(self.of_series.get(ordinal) as usize)
    }

    /// Whether all shapes were seen that any series has, provided that only those were.
    pub(super) fn are_all_seen(&self, seen: &SeenShapes) -> bool {
        seen.count >= self.used
    }

    /// The names of the shapes that were seen, sorted.
    pub(super) fn names(&self, seen: &SeenShapes) -> Vec<String> {
        let seen = self.shapes.iter().zip(&seen.seen).filter(|(_, s)| **s);
        let names: BTreeSet<&str> = seen
            .flat_map(|(shape, _)| shape.names.iter().map(AsRef::as_ref))
            .collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        let keys: usize = self.by_names.keys().map(|key| key.len()).sum();
        self.of_series.heap_bytes() + 3 * keys
    }
}

impl SeenShapes {
    #[inline]
    fn has(&self, shape: usize) -> bool {
        self.seen.get(shape).copied().unwrap_or(false)
    }
}
