//! A question about SLOs that the ledgers themselves answer: any window at any time.

use std::borrow::Borrow;
use std::sync::Arc;

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::budget::{OpenBook, OpenBooks};
use narthex_slo::report::{Asked, Measured, Report};
use narthex_slo::spec::{Slo, no_such};

use super::keeper::Keeping;
use super::kept::Kept;
use super::{damaged, made, told_until};
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

impl Ask {
    pub(super) fn report(&self, keeping: &Keeping) -> Result<Report> {
        let OpenLedgers { books, mut notes } = OpenLedgers::open(keeping, &self.ids, &self.shown)?;
        let (mut slos, mut latest) = (Vec::new(), None);
        for OpenBook {
            book,
            counted_until,
        } in &books
        {
            let asked = self.at.unwrap_or(*counted_until);
            let at = asked.min(*counted_until);
            if at < asked {
                notes.push(told_until(&book.slo().id, asked, at));
            }
            latest = latest.max(Some(at));
            let measured = Measured {
                book,
                at,
                asked: &self.shown,
            };
            slos.push(measured.report()?);
        }
        let at = latest.or(self.at).unwrap_or_else(now_ms);
        Ok(Report {
            notes,
            ..made(&self.title, at, &self.shown.zone, slos)?
        })
    }
}

/// All that the ledgers of SLOs have.
pub(super) struct OpenLedgers {
    /// In the order that they were asked for.
    pub(super) books: Vec<OpenBook>,
    /// What could not be kept of specs, and what of the ledgers is missing.
    notes: Vec<String>,
}

impl OpenLedgers {
    /// Those with these ids; of no ids, all.
    ///
    /// # Errors
    /// `NotFound` if there is no such SLO, `Invalid` if they cannot be shown so, and whatever the disk says.
    pub(super) fn open(keeping: &Keeping, ids: &[String], shown: &Asked) -> Result<Self> {
        let kept = keeping.kept();
        let wanted = kept.iter().map(|kept| Wanted {
            slo: shown.slo(kept.slo()),
            kept,
        });
        let wanted: Vec<_> = wanted.collect();
        let all: Vec<&str> = wanted.iter().map(|one| &*one.slo.id).collect();
        let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        if let Some(id) = ids.iter().find(|id| !all.contains(id)) {
            return Err(no_such(id, &all));
        }
        if ids.is_empty() {
            ids = all;
        }
        let slos = wanted.iter().map(|one| &one.slo);
        shown.check(slos.filter(|slo| ids.contains(&slo.id.as_str())))?;
        let mut notes = keeping.notes();
        let mut open = OpenBooks::new(&wanted, |one| one.open(keeping, shown, &mut notes));
        let books = ids.iter().map(|id| open.open(id)).collect::<Result<_>>()?;
        drop(open);
        Ok(Self { books, notes })
    }
}

/// An SLO as it is asked for, and as it is kept.
struct Wanted<'k> {
    slo: Slo,
    kept: &'k Kept,
}

impl Wanted<'_> {
    /// The book of all that the ledger has, and up to when it was counted.
    fn open(&self, keeping: &Keeping, shown: &Asked, notes: &mut Vec<String>) -> Result<OpenBook> {
        let (slo, mut tracks, mut counted_until) = (&self.slo, Vec::new(), now_ms());
        if let Some(ledger) = keeping.shelf.read(slo)? {
            let span = ledger.span().unwrap_or(TimeRange::new(0, 0));
            let loaded = ledger.load(span)?;
            if !loaded.damage.is_empty() {
                self.kept.suspect();
            }
            notes.extend(damaged(slo, &loaded.damage));
            (tracks, counted_until) = (loaded.tracks, span.end);
        }
        notes.extend(self.kept.lag());
        let about = |e: Error| e.context(format!("SLO {}", slo.id));
        let book = Arc::new(shown.book(slo, &tracks).map_err(about)?);
        Ok(OpenBook {
            book,
            counted_until,
        })
    }
}

impl Borrow<Slo> for Wanted<'_> {
    fn borrow(&self) -> &Slo {
        &self.slo
    }
}
