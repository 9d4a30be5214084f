//! What came of an SLO before and after it is changed, over the same samples.

use narthex_model::{Result, TimeRange, TimestampMs};

use super::{Change, Over};
use crate::backtest::replay;
use crate::budget::Book;
use crate::outcome::{Outcome, State};
use crate::spec::Window;
use crate::time::DAY_MS;

/// Policies are replayed in steps of this at least.
const STEP_MS: i64 = 60_000;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Window by window: those before, then those that are new.
    pub effects: Vec<Effect>,
    /// Over the time that was looked back on.
    pub past: Option<Past>,
}

/// What came of it in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The window.
    pub window: Window,
    /// As it was; `None`: nothing was promised over this window.
    pub before: Option<Outcome>,
    /// As it will be.
    pub after: Option<Outcome>,
}

/// What came of it over a longer time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// How it stood; `None`: there was no such SLO.
    pub before: Option<States>,
    /// How it would have stood.
    pub after: Option<States>,
}

/// How an SLO stood in its first window at the end of each day, and how often somebody was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct States {
    /// Days.
    pub days: usize,
    /// Of which the promise was broken.
    pub blown: usize,
    /// Of which it was at risk.
    pub at_risk: usize,
    /// Of which too little was observed.
    pub unknown: usize,
    /// How often an alert of any policy began to fire.
    pub alerts: usize,
}

impl Change {
    /// Asks both books, of which there is one where there is an SLO.
    ///
    /// # Errors
    /// If a window's zone is not known.
    pub fn measure(
        &mut self,
        before: Option<&Book>,
        after: Option<&Book>,
        over: Over,
    ) -> Result<()> {
        let mut effects = Vec::new();
        for window in windows(before, after) {
            effects.push(Effect {
                window: window.clone(),
                before: outcome(before, window, over.at)?,
                after: outcome(after, window, over.at)?,
            });
        }
        let ask = |book: Option<&Book>, past| book.map(|book| states(book, past)).transpose();
        let past = match over.past {
            Some(past) => Some(Past {
                before: ask(before, past)?,
                after: ask(after, past)?,
            }),
            None => None,
        };
        self.measured = Some(Measured { effects, past });
        Ok(())
    }
}

/// The windows of both, each once.
fn windows<'b>(before: Option<&'b Book>, after: Option<&'b Book>) -> Vec<&'b Window> {
    let books = [before, after].into_iter().flatten();
    let mut all: Vec<&Window> = Vec::new();
    for window in books.flat_map(|book| &book.slo().windows) {
        if !all.contains(&window) {
            all.push(window);
        }
    }
    all
}

/// What came of all groups together, if it is promised over this window.
fn outcome(book: Option<&Book>, window: &Window, at: TimestampMs) -> Result<Option<Outcome>> {
    let Some(book) = book.filter(|book| book.slo().windows.contains(window)) else {
        return Ok(None);
    };
    let outcomes = book.outcomes(window, at)?;
    Ok(outcomes.into_iter().next())
}

fn states(book: &Book, past: TimeRange) -> Result<States> {
    let mut states = States::default();
    let slo = book.slo();
    let Some(window) = slo.windows.first() else {
        return Ok(states);
    };
    let mut at = past.end;
    while at > past.start {
        let state = outcome(Some(book), window, at)?.map(|outcome| outcome.state);
        states.days += 1;
        match state {
            Some(State::Blown) => states.blown += 1,
            Some(State::AtRisk) => states.at_risk += 1,
            Some(State::Meeting) => {}
            Some(State::Unknown) | None => states.unknown += 1,
        }
        at -= DAY_MS;
    }
    let step_ms = slo.slice_ms.max(STEP_MS);
    for policy in &slo.policies {
        let fired = replay(policy, book.all(), window, &slo.missing, past, step_ms)?;
        states.alerts += fired.len();
    }
    Ok(states)
}
