//! Which SLOs are changed, and what becomes of their history.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Field, fields};
use super::measured::Measured;
use crate::generation::generation;
use crate::spec::Slo;

/// An SLO that is changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// As it was; `None`: it is new.
    pub before: Option<Slo>,
    /// As it will be; `None`: it is gone.
    pub after: Option<Slo>,
    /// What differs; nothing, if only its parts do, or if it is new or gone.
    pub fields: Vec<Field>,
    /// Of a composite: the parts that are changed.
    pub parts: Vec<String>,
    /// What came of it, before and after; `None`: without data.
    pub measured: Option<Measured>,
}

/// How an SLO is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another one.
    Changed,
}

/// What becomes of the slices that were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// They stay: nothing is counted anew.
    Kept,
    /// They are of another generation: counted anew from the samples that are still stored.
    Anew,
    /// There were none: counted from the samples that are stored.
    New,
    /// Nobody asks for them any more.
    Left,
    /// A composite has none of its own.
    OfParts,
}

impl Kind {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

impl History {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "history kept",
            Self::Anew => "counted anew",
            Self::New => "new",
            Self::Left => "left behind",
            Self::OfParts => "that of its parts",
        }
    }
}

impl Change {
    /// How it is changed.
    pub fn kind(&self) -> Kind {
        match (&self.before, &self.after) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            _ => Kind::Changed,
        }
    }

    /// What becomes of its slices.
    pub fn history(&self) -> History {
        match (&self.before, &self.after) {
            (_, Some(after)) if after.is_composite() => History::OfParts,
            (None, _) => History::New,
            (_, None) => History::Left,
            (Some(before), Some(after)) if generation(before) == generation(after) => History::Kept,
            _ => History::Anew,
        }
    }
}

/// The SLOs that are not the same in both, by id; and composites of such.
pub fn diff(before: &[Slo], after: &[Slo]) -> Vec<Change> {
    let (old, new) = (by_id(before), by_id(after));
    let ids: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let differs = |id: &&str| old.get(id) != new.get(id);
    let changed: BTreeSet<&str> = ids.iter().copied().filter(differs).collect();
    let touched = touched(&changed, &old, &new);
    let change = |id: &str| {
        let (before, after) = (old.get(id).copied(), new.get(id).copied());
        let fields = match (before, after) {
            (Some(before), Some(after)) => fields(before, after),
            _ => Vec::new(),
        };
        let parts = [before, after].into_iter().flatten().flat_map(parts);
        let parts: BTreeSet<&str> = parts.filter(|part| touched.contains(part)).collect();
        Change {
            id: id.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
            fields,
            parts: parts.into_iter().map(str::to_owned).collect(),
            measured: None,
        }
    };
    touched.iter().map(|id| change(id)).collect()
}

type ById<'a> = BTreeMap<&'a str, &'a Slo>;

fn by_id(slos: &[Slo]) -> ById<'_> {
    slos.iter().map(|slo| (slo.id.as_str(), slo)).collect()
}

/// What is changed, and composites with a part that is.
fn touched<'a>(changed: &BTreeSet<&'a str>, old: &ById<'a>, new: &ById<'a>) -> BTreeSet<&'a str> {
    let mut touched = changed.clone();
    loop {
        let composites = old.iter().chain(new);
        let more: Vec<&str> = composites
            .filter(|(id, slo)| {
                !touched.contains(**id) && parts(slo).any(|part| touched.contains(part))
            })
            .map(|(id, _)| *id)
            .collect();
        if more.is_empty() {
            return touched;
        }
        touched.extend(more);
    }
}

fn parts(slo: &Slo) -> impl Iterator<Item = &str> {
    slo.parts().iter().map(|part| part.slo.as_str())
}
