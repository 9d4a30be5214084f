//! An error that counts only where something else has a point too: `prom_seen(vector)` gives its argument back and remembers
//! its steps.
//!
//! Prometheus refuses a match at a step if the "one" side has two series for a group, but not where the other side is empty. In
//! a plan each side runs on its own, so both leave word at a [`Meeting`], and whoever comes last refuses. Pairs that are ambiguous
//! leave word, too. The earliest step decides, as if they were computed one after the other, and there the sides before the pairs:
//! unless no pair or no earlier step can be wrong, only the end of the query tells.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arguments::{ArgumentTypes, Arguments, refused};
use super::plan_function::PlanFunction;
use crate::mixed::MixedVectors;

/// Where two sides of a match leave word.
#[derive(Debug, Clone)]
pub(crate) struct Meeting(Arc<Mutex<Word>>);

#[derive(Debug)]
struct Word {
    /// Whether pairs may be ambiguous, too.
    pairs: bool,
    /// What is wrong at a step.
    clashes: BTreeMap<(usize, Clash), String>,
    /// Whether the other side has a point at a step.
    seen: Vec<bool>,
}

impl Word {
    fn is_seen(&self, step: usize) -> bool {
        self.seen.get(step).copied().unwrap_or(false)
    }

    /// Whether a side is known to be wrong where the other has a point, and no pair can come before it.
    fn is_refused(&self) -> bool {
        let mut clashes = self.clashes.keys();
        clashes.any(|(step, clash)| self.decides(*step, *clash))
    }

    fn decides(&self, step: usize, clash: Clash) -> bool {
        clash == Clash::Side && self.is_seen(step) && (step == 0 || !self.pairs)
    }
}

/// What is wrong; of one step the first is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clash {
    /// A side of the match, where the other side has a point.
    Side,
    /// A pair.
    Pair,
}

impl Meeting {
    /// For a match whose `pairs` may be ambiguous, or cannot.
    pub(crate) fn new(pairs: bool) -> Self {
        Self(Arc::new(Mutex::new(Word {
            pairs,
            clashes: BTreeMap::new(),
            seen: Vec::new(),
        })))
    }

    /// As if nobody had left word.
    pub(crate) fn forget(&self) {
        self.with(|word| {
            word.clashes.clear();
            word.seen.clear();
        });
    }

    /// Something is wrong at `step`.
    ///
    /// # Errors
    /// The other side has said that this counts, and nothing can come before it.
    pub(crate) fn clash(&self, step: usize, clash: Clash, message: String) -> Result<()> {
        let counts = self.with(|word| {
            let said = word.clashes.entry((step, clash));
            let said = said.or_insert_with(|| message.clone());
            // The same one, whichever comes first.
            if message < *said {
                *said = message;
            }
            word.decides(step, clash)
        });
        if counts { self.refuse() } else { Ok(()) }
    }

    /// What is wrong at the first step where it counts.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.with(|word| {
            let counts = |step: usize, clash: Clash| clash == Clash::Pair || word.is_seen(step);
            let mut clashes = word.clashes.iter();
            let first = clashes.find(|((step, clash), _)| counts(*step, *clash));
            first.map(|(_, message)| message.clone())
        })
    }

    fn refuse(&self) -> Result<()> {
        self.refusal()
            .map_or(Ok(()), |message| Err(refused(message)))
    }

    fn with<T>(&self, f: impl FnOnce(&mut Word) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PartialEq for Meeting {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Meeting {}

impl Hash for Meeting {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// The function, for the side that must have a point.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Seen(pub(crate) Meeting);

impl PlanFunction for Seen {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_seen".into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.at(0).cloned()
    }

    fn nullable(&self) -> bool {
        true
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let array = arguments.column(0)?;
        let vectors = MixedVectors::from_array(&array)?;
        let mut seen = vec![false; vectors.steps()];
        for row in 0..arguments.rows() {
            vectors.for_each_present(row, |step| seen[step] = true);
        }
        let refused = self.0.with(|word| {
            word.seen.resize(seen.len().max(word.seen.len()), false);
            let both = word.seen.iter_mut().zip(seen);
            both.for_each(|(before, now)| *before |= now);
            word.is_refused()
        });
        if refused {
            self.0.refuse()?;
        }
        Ok(array)
    }
}
