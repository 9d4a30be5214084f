//! What is known of all SLOs since the last round.

use std::collections::HashMap;
use std::sync::Arc;

use narthex_model::{Error, ErrorKind, Result, TimestampMs};
use narthex_slo::Placed;
use narthex_slo::budget::Book;
use narthex_slo::spec::{Indicator, Part};

use super::conditions::{Condition, Conditions};
use super::kept::Kept;

/// What is known of all SLOs.
#[derive(Default)]
pub(crate) struct Books {
    /// In the order of the specs.
    pub(crate) all: Vec<Known>,
    /// When the round began.
    pub(crate) made_at: TimestampMs,
}

/// What is known of one.
pub(crate) struct Known {
    /// What is promised, and where that stands.
    pub(crate) placed: Placed,
    /// The generation of its ledger.
    pub(crate) generation: String,
    /// Ready to be asked.
    pub(crate) book: Arc<Book>,
    /// Up to when it was counted; when the round began, if it was not yet.
    pub(crate) at: TimestampMs,
    /// The fraction of its slices that were counted.
    pub(crate) progress: f64,
    /// Why it is not up to date.
    pub(crate) error: Option<String>,
    /// The conditions of its policies.
    pub(crate) conditions: Vec<Condition>,
}

impl Books {
    /// The one with that id.
    pub(crate) fn find(&self, id: &str) -> Option<&Known> {
        self.all.iter().find(|known| known.placed.slo.id == id)
    }
}

/// Puts together what is known of SLOs, composites after their parts.
pub(super) fn assemble(kept: &[Arc<Kept>], now: TimestampMs, conditions: &mut Conditions) -> Books {
    let seen = |one: &Kept| {
        let seen = one.seen();
        let book = match seen.book {
            Some(book) => book,
            None => Arc::new(Book::open(one.slo(), &[])?),
        };
        Ok((book, seen.watermark.unwrap_or(now)))
    };
    let mut opened = OpenBooks::new(kept, &seen);
    conditions.retain(|slo| kept.iter().any(|one| one.slo().id == slo));
    let mut known = |one: &Arc<Kept>| {
        let (book, at) = opened.open(&one.slo().id)?;
        Ok::<_, Error>(Known {
            placed: one.placed.clone(),
            generation: one.generation.clone(),
            conditions: conditions.read(&book, at)?,
            book,
            at,
            progress: one.progress(),
            error: one.seen().error,
        })
    };
    let all = kept.iter().filter_map(|one| {
        let tell = |error: &Error| tracing::error!(slo = one.slo().id, %error, "nothing is known of the SLO");
        known(one).inspect_err(tell).ok()
    });
    Books {
        all: all.collect(),
        made_at: now,
    }
}

/// A book, and up to when it was counted.
type Counted = (Arc<Book>, TimestampMs);

/// Books by id, as they are asked for; `own` opens that of an SLO that is not made of others.
pub(super) struct OpenBooks<'k> {
    kept: HashMap<&'k str, &'k Kept>,
    own: &'k dyn Fn(&Kept) -> Result<Counted>,
    books: HashMap<String, Counted>,
}

impl<'k> OpenBooks<'k> {
    pub(super) fn new(kept: &'k [Arc<Kept>], own: &'k dyn Fn(&Kept) -> Result<Counted>) -> Self {
        Self {
            kept: kept.iter().map(|one| (&*one.slo().id, &**one)).collect(),
            own,
            books: HashMap::new(),
        }
    }

    /// The book with that id.
    ///
    /// # Errors
    /// `NotFound` if there is none, and whatever `own` says.
    pub(super) fn open(&mut self, id: &str) -> Result<Counted> {
        if let Some(counted) = self.books.get(id) {
            return Ok(counted.clone());
        }
        let Some(one) = self.kept.get(id).copied() else {
            let message = format!("there is no SLO {id:?}: /api/v1/slos lists all");
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        let counted = match &one.slo().indicator {
            Indicator::Composite { parts } => self.composite(one, parts)?,
            _ => (self.own)(one)?,
        };
        self.books.insert(id.to_owned(), counted.clone());
        Ok(counted)
    }

    /// Specs were checked: each part is there, and none is made of itself.
    fn composite(&mut self, one: &Kept, parts: &[Part]) -> Result<Counted> {
        let mut open = Vec::new();
        for part in parts {
            let (book, at) = self.open(&part.slo)?;
            open.push((book, at, part.weight));
        }
        let weighted: Vec<_> = open.iter().map(|(book, _, w)| (&**book, *w)).collect();
        let at = open.iter().map(|(_, at, _)| *at).min();
        let book = Book::composite(one.slo(), &weighted)?;
        Ok((Arc::new(book), at.unwrap_or(0)))
    }
}
