//! A question about SLOs that the ledgers themselves answer: any window at any time.

use std::sync::Arc;

use narthex_model::{Error, Result, TimeRange, TimestampMs};
use narthex_slo::budget::{Book, OpenBook, OpenBooks};
use narthex_slo::report::{Measured, Report, SloReport};
use narthex_slo::spec::{Slo, Window};

use super::keeper::Keeping;
use super::kept::Kept;
use super::{made, no_such};
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
        let is_kept = |id: &str| kept.iter().any(|one| one.slo().id == id);
        if let Some(id) = self.ids.iter().find(|id| !is_kept(id)) {
            return Err(no_such(id));
        }
        let own = |one: &Kept| open(keeping, one, &self.windows);
        let mut open = OpenBooks::new(kept.iter().map(|one| &**one), own);
        let mut ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        if ids.is_empty() {
            ids = kept.iter().map(|one| one.slo().id.as_str()).collect();
        }
        let (mut slos, mut books, mut latest) = (Vec::new(), Vec::new(), None);
        for id in ids {
            let OpenBook {
                book,
                counted_until,
            } = open.open(id)?;
            let at = self.at.unwrap_or(counted_until).min(counted_until);
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
fn open(keeping: &Keeping, one: &Kept, windows: &[Window]) -> Result<OpenBook> {
    let slo = with_windows(one.slo(), windows);
    let (mut tracks, mut counted_until) = (Vec::new(), now_ms());
    if let Some(ledger) = keeping.shelf.read(&slo)? {
        let span = ledger.span().unwrap_or(TimeRange::new(0, 0));
        let loaded = ledger.load(span)?;
        if !loaded.damage.is_empty() {
            one.suspect();
        }
        (tracks, counted_until) = (loaded.tracks, span.end);
    }
    let about = |e: Error| e.context(format!("SLO {}", slo.id));
    let book = Arc::new(Book::open(&slo, &tracks).map_err(about)?);
    Ok(OpenBook {
        book,
        counted_until,
    })
}
