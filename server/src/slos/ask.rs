//! A question about SLOs that the ledgers themselves answer: any window at any time.

use std::sync::Arc;

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::budget::Book;
use narthex_slo::report::{Measured, Report, SloReport};
use narthex_slo::spec::{Slo, Window};

use super::keeper::Keeping;
use super::kept::Kept;
use super::known::OpenBooks;
use super::made;
use crate::times::now_ms;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The SLOs; empty: all.
    pub(crate) ids: Vec<String>,
    /// Windows in place of those of the specs, if there are any.
    pub(crate) windows: Vec<Window>,
    /// The instant that is told of; `None`: up to when each was counted.
    pub(crate) at: Option<TimestampMs>,
    /// The IANA name of the zone of days and hours.
    pub(crate) zone: String,
    /// How many calendar periods to look back.
    pub(crate) periods: usize,
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
        let own = |one: &Kept| open(keeping, one, &self.windows);
        let mut open = OpenBooks::new(&kept, &own);
        let mut ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        if ids.is_empty() {
            ids = kept.iter().map(|one| one.slo().id.as_str()).collect();
        }
        let (mut slos, mut books, mut latest) = (Vec::new(), Vec::new(), None);
        for id in ids {
            let (book, counted) = open.open(id)?;
            let at = self.at.unwrap_or(counted).min(counted);
            latest = latest.max(Some(at));
            slos.push(self.report(&book, at)?);
            books.push(book);
        }
        let at = self.at.or(latest).unwrap_or_else(now_ms);
        let report = made(&self.title, at, &self.zone, slos)?;
        Ok(Answer { report, books })
    }

    fn report(&self, book: &Book, at: TimestampMs) -> Result<SloReport> {
        let slo = with_windows(book.slo(), &self.windows);
        let measured = Measured {
            slo: &slo,
            meter: book.all(),
            groups: book.groups(),
            at,
            zone: &self.zone,
            periods: self.periods,
        };
        measured.report()
    }
}

fn with_windows(slo: &Slo, windows: &[Window]) -> Slo {
    let mut slo = slo.clone();
    if !windows.is_empty() {
        slo.windows = windows.to_vec();
    }
    slo
}

/// The book of all that the ledger has, and up to when it was counted.
fn open(keeping: &Keeping, one: &Kept, windows: &[Window]) -> Result<(Arc<Book>, TimestampMs)> {
    let slo = with_windows(one.slo(), windows);
    let Some(ledger) = keeping.shelf.read(&slo)? else {
        return Ok((Arc::new(Book::open(&slo, &[])?), now_ms()));
    };
    let span = ledger.span().unwrap_or(TimeRange::new(0, 0));
    let loaded = ledger.load(span)?;
    let about = |e: Error| e.context(format!("SLO {}", slo.id));
    let book = Book::open(&slo, &loaded.tracks).map_err(about)?;
    Ok((Arc::new(book), span.end))
}
