//! A question about SLOs that the ledgers themselves answer: any window at any time.

use std::borrow::Borrow;
use std::sync::Arc;

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::budget::{Book, OpenBook, OpenBooks};
use narthex_slo::report::{Asked, Measured, Report};
use narthex_slo::spec::Slo;

use super::keeper::Keeping;
use super::kept::Kept;
use super::{made, no_such};
use crate::times::now_ms;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The SLOs; empty: all.
    pub(crate) ids: Vec<String>,
    /// The instant that is told of; `None`: up to when each was counted.
    pub(crate) at: Option<TimestampMs>,
    /// What is told of each.
    pub(crate) shown: Asked,
    /// The headline.
    pub(crate) title: String,
}

/// What is answered.
pub(crate) struct Answer {
    /// What came of each.
    pub(crate) report: Report,
    /// The books it was made of, in the same order.
    pub(crate) books: Vec<Arc<Book>>,
}

impl Ask {
    pub(super) fn answer(&self, keeping: &Keeping) -> Result<Answer> {
        let kept = keeping.kept();
        let wanted: Vec<_> = kept.iter().map(|one| self.wanted(one)).collect();
        let mut ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        if ids.is_empty() {
            ids = kept.iter().map(|one| one.slo().id.as_str()).collect();
        }
        let is_kept = |id: &str| wanted.iter().any(|one| one.slo.id == id);
        if let Some(id) = ids.iter().find(|id| !is_kept(id)) {
            return Err(no_such(id));
        }
        let slos = wanted.iter().map(|one| &one.slo);
        self.shown
            .check(slos.filter(|slo| ids.contains(&slo.id.as_str())))?;
        let mut open = OpenBooks::new(&wanted, |one| self.open(keeping, one));
        let (mut slos, mut books, mut latest) = (Vec::new(), Vec::new(), None);
        for id in ids {
            let OpenBook {
                book,
                counted_until,
            } = open.open(id)?;
            let at = self.at.unwrap_or(counted_until).min(counted_until);
            latest = latest.max(Some(at));
            let measured = Measured {
                book: &book,
                at,
                asked: &self.shown,
            };
            slos.push(measured.report()?);
            books.push(book);
        }
        let at = self.at.or(latest).unwrap_or_else(now_ms);
        let report = made(&self.title, at, &self.shown.zone, slos)?;
        Ok(Answer { report, books })
    }

    fn wanted<'k>(&self, kept: &'k Kept) -> Wanted<'k> {
        let slo = self.shown.slo(kept.slo());
        Wanted { slo, kept }
    }

    /// The book of all that the ledger has, and up to when it was counted.
    fn open(&self, keeping: &Keeping, one: &Wanted<'_>) -> Result<OpenBook> {
        let (slo, mut tracks, mut counted_until) = (&one.slo, Vec::new(), now_ms());
        if let Some(ledger) = keeping.shelf.read(slo)? {
            let span = ledger.span().unwrap_or(TimeRange::new(0, 0));
            let loaded = ledger.load(span)?;
            if !loaded.damage.is_empty() {
                one.kept.suspect();
            }
            (tracks, counted_until) = (loaded.tracks, span.end);
        }
        let about = |e: Error| e.context(format!("SLO {}", slo.id));
        let book = Arc::new(self.shown.book(slo, &tracks).map_err(about)?);
        Ok(OpenBook {
            book,
            counted_until,
        })
    }
}

/// An SLO as it is asked for, and as it is kept.
struct Wanted<'k> {
    slo: Slo,
    kept: &'k Kept,
}

impl Borrow<Slo> for Wanted<'_> {
    fn borrow(&self) -> &Slo {
        &self.slo
    }
}
