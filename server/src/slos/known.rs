//! What is known of all SLOs since the last round.

use std::sync::Arc;

use narthex_model::{Error, TimestampMs};
use narthex_slo::Placed;
use narthex_slo::budget::{Book, OpenBook, OpenBooks};

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
        Ok(OpenBook {
            book,
            counted_until: seen.watermark.unwrap_or(now),
        })
    };
    let mut opened = OpenBooks::new(kept.iter().map(|one| &**one), seen);
    conditions.retain(|slo| kept.iter().any(|one| one.slo().id == slo));
    let mut known = |one: &Arc<Kept>| {
        let OpenBook {
            book,
            counted_until: at,
        } = opened.open(&one.slo().id)?;
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
