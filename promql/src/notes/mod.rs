//! What a query says besides its answer: warnings and infos, with places in its text.
//!
//! The planner makes one [`Notes`] per query, and a [`Speaker`] for each function that may have something to say:
//! `Planner::speaker(span)`, with the span of the expression that Prometheus blames. The speaker goes into the function's
//! struct, beside what makes it equal to another; the function calls `speaker.say(&Note::…)` whenever it has a reason. Saying
//! the same twice is harmless, but costs a lock and a text: a loop over steps remembers that it has spoken.
//! `MetricNames` in `functions/operand.rs` gives the metric's name of a row to those that need it.
//!
//! Make the speaker after planning the operands: of equal texts at several places the one of the last speaker counts, as in
//! Prometheus, where an outer expression speaks after the inner ones.

mod number;
mod text;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use narthex_model::TimestampMs;

use crate::ast::Span;
use crate::functions::shifted::Shift;
use crate::line_and_column;
use crate::plan::Grid;
pub(crate) use number::General;
pub(crate) use text::{Forced, Kind, Note};

/// More different notes than this are dropped.
const NOTES_MAX: usize = 10_000;

/// All notes of one query.
#[derive(Debug)]
pub(crate) struct Notes {
    query: String,
    speakers: AtomicUsize,
    /// By text without the place.
    said: Mutex<BTreeMap<String, Said>>,
    /// What of that was known before the query ran.
    planned: OnceLock<BTreeMap<String, Said>>,
    /// By how much later the query runs than it was planned for.
    shift: Shift,
}

#[derive(Debug, Clone)]
struct Said {
    kind: Kind,
    speaker: usize,
    at: usize,
    forced: Option<Forced>,
}

impl Notes {
    /// None yet, for a query of this text.
    pub(crate) fn new(query: &str, shift: Shift) -> Arc<Self> {
        Arc::new(Self {
            query: query.to_owned(),
            speakers: AtomicUsize::new(0),
            said: Mutex::default(),
            planned: OnceLock::new(),
            shift,
        })
    }

    /// The query is planned. What was said by now is said each time it runs.
    pub(crate) fn keep_planned(&self) {
        self.planned.get_or_init(|| self.lock().clone());
    }

    /// Forgets what was said while the query ran.
    pub(crate) fn begin_again(&self) {
        *self.lock() = self.planned.get().cloned().unwrap_or_default();
    }

    /// Someone who speaks for the expression at `span`, which is evaluated at the instants of `grid`.
    pub(crate) fn speaker(self: &Arc<Self>, span: Span, grid: Grid) -> Speaker {
        Speaker {
            notes: self.clone(),
            number: self.speakers.fetch_add(1, Ordering::Relaxed),
            at: span.start,
            grid,
        }
    }

    /// The notes of one kind as Prometheus writes them, in the order of the query's text.
    pub(crate) fn texts(&self, kind: Kind) -> Vec<String> {
        let said = self.lock();
        let mut wanted: Vec<_> = said.iter().filter(|(_, said)| said.kind == kind).collect();
        wanted.sort_by_key(|(_, said)| said.at);
        let rendered = wanted.into_iter().map(|(text, said)| {
            let (line, column) = line_and_column(&self.query, said.at);
            let detail = said.forced.as_ref().map(Forced::to_string);
            let detail = detail.unwrap_or_default();
            format!("PromQL {kind}: {text}{detail} ({line}:{column})")
        });
        rendered.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Said>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says things about one expression.
#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    notes: Arc<Notes>,
    /// Counts the speakers of a query.
    number: usize,
    at: usize,
    grid: Grid,
}

impl Speaker {
    /// Adds a note, unless it was said before.
    pub(crate) fn say(&self, note: &Note<'_>) {
        let mut all = self.notes.lock();
        let full = all.len() >= NOTES_MAX;
        match all.entry(note.to_string()) {
            Entry::Occupied(entry) => entry.into_mut().again(self, note),
            Entry::Vacant(_) if full => {}
            Entry::Vacant(entry) => {
                entry.insert(Said {
                    kind: note.kind(),
                    speaker: self.number,
                    at: self.at,
                    forced: note.forced(),
                });
            }
        }
    }

    /// The instant of a step.
    pub(crate) fn instant(&self, step: usize) -> TimestampMs {
        let planned = self.grid.at(step);
        planned.saturating_add(self.notes.shift.get())
    }
}

impl Said {
    fn again(&mut self, speaker: &Speaker, note: &Note<'_>) {
        if speaker.number >= self.speaker {
            (self.speaker, self.at) = (speaker.number, speaker.at);
        }
        if let (Some(mine), Some(other)) = (&mut self.forced, note.forced()) {
            mine.merge(other);
        }
    }
}

impl PartialEq for Speaker {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.notes, &other.notes) && self.number == other.number
    }
}

impl Eq for Speaker {}

impl Hash for Speaker {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (Arc::as_ptr(&self.notes), self.number).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize) -> Span {
        Span { start, end: start }
    }

    #[test]
    fn the_last_speaker_counts() {
        let notes = Notes::new("a +\n b", Shift::default());
        let (first, last) = (
            notes.speaker(span(0), Grid::instant(0)),
            notes.speaker(span(5), Grid::instant(0)),
        );
        last.say(&Note::InvalidQuantile(2.0));
        first.say(&Note::InvalidQuantile(2.0));
        first.say(&Note::PossibleNonCounter { metric: "a\"b" });
        assert_eq!(
            notes.texts(Kind::Warning),
            ["PromQL warning: quantile value should be between 0 and 1, got 2 (2:2)"]
        );
        assert_eq!(
            notes.texts(Kind::Info),
            [
                "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"a\\\"b\" (1:1)"
            ]
        );
    }

    #[test]
    fn forced_monotonicity_is_summed_up() {
        let notes = Notes::new("x", Shift::default());
        let speaker = notes.speaker(span(0), Grid::between(1_735_084_800_000, i64::MAX, 1_000));
        let buckets = [(5.0, 50.0, 5.5), (10.0, 100.0, 10.0), (2.5, 75.0, 7.5)];
        for (step, (from, to, most)) in buckets.into_iter().enumerate() {
            let forced = Forced::at(speaker.instant(step), from, to, most);
            speaker.say(&Note::ForcedMonotonicity {
                metric: "series_1",
                forced,
            });
        }
        let texts = notes.texts(Kind::Info);
        assert_eq!(texts.len(), 1);
        let tail = " for metric name \"series_1\", from buckets 2.5 to 100, with a max diff of 10, over 3 samples \
                    from 2024-12-25T00:00:00Z to 2024-12-25T00:00:02Z (1:1)";
        assert!(texts[0].ends_with(tail), "{texts:?}");
    }
}
