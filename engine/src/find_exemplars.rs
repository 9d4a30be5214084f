//! Gathers exemplars from blocks and head, without what deletes and retention hide.

use std::collections::HashMap;

use narthex_model::{Error, Labels, Matcher, Result, TimeRange};

use crate::exemplars::{StoredExemplar, sort_by_series};
use crate::limits::EXEMPLARS_ANSWER_MAX;
use crate::state::State;
use crate::tombstone::{Hidden, Hiding, spans};

/// The exemplars in `range` of the series that all `matchers` accept, sorted by series and time.
pub(crate) fn find_exemplars(
    state: &State,
    hiding: &Hiding,
    matchers: &[Matcher],
    range: TimeRange,
) -> Result<Vec<StoredExemplar>> {
    let accepts = |e: &StoredExemplar| matchers.iter().all(|m| m.accepts_labels(e.series.as_ref()));
    let found = gather(state, hiding, range, accepts, sort_by_series)?;
    if found.len() > EXEMPLARS_ANSWER_MAX {
        return Err(Error::limit(format!(
            "{} exemplars, at most {EXEMPLARS_ANSWER_MAX} are answered: ask for fewer series or a shorter time",
            found.len()
        )));
    }
    Ok(found)
}

/// All exemplars in `range`, sorted as `sort` does.
pub(crate) fn exemplars_of(
    state: &State,
    hiding: &Hiding,
    range: TimeRange,
    sort: fn(&mut Vec<StoredExemplar>),
) -> Result<Vec<StoredExemplar>> {
    gather(state, hiding, range, |_| true, sort)
}

fn gather(
    state: &State,
    hiding: &Hiding,
    range: TimeRange,
    accepts: impl Fn(&StoredExemplar) -> bool,
    sort: fn(&mut Vec<StoredExemplar>),
) -> Result<Vec<StoredExemplar>> {
    let mut found = Vec::new();
    let mut filter = Filter {
        hiding,
        hidden: HashMap::new(),
    };
    for block in &state.blocks {
        if block.meta().exemplars == 0 || !block.span().overlaps(&range) {
            continue;
        }
        let clean_through = block.clean_through();
        block.read_exemplars(range, |exemplar| {
            if accepts(&exemplar) && filter.shows(&exemplar, clean_through) {
                found.push(exemplar);
            }
        })?;
    }
    for (window, clean_through) in state.head_ages() {
        if window.extras().exemplar_count() == 0 || !window.span().overlaps(&range) {
            continue;
        }
        let inside = |e: &&StoredExemplar| range.contains(e.timestamp) && accepts(e);
        for exemplar in window.extras().exemplars().filter(inside) {
            if filter.shows(exemplar, clean_through) {
                found.push(exemplar.clone());
            }
        }
    }
    sort(&mut found);
    Ok(found)
}

/// Knows what is hidden, series by series.
struct Filter<'a> {
    hiding: &'a Hiding,
    hidden: HashMap<Labels, Vec<Hidden>>,
}

impl Filter<'_> {
    fn shows(&mut self, exemplar: &StoredExemplar, clean_through: u64) -> bool {
        if self.hiding.is_empty() {
            return true;
        }
        let hidden = match self.hidden.get(&exemplar.series) {
            Some(hidden) => hidden,
            None => {
                let hidden = self.hiding.of(exemplar.series.as_ref());
                self.hidden.entry(exemplar.series.clone()).or_insert(hidden)
            }
        };
        let mut spans = spans(hidden, clean_through).into_iter();
        !spans.any(|span| span.contains(exemplar.timestamp))
    }
}
