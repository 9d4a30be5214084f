//! The instants of a span, and at which of them a rule fails.

use std::collections::HashSet;

use narthex_model::TimestampMs;

use super::{Instants, Series};
use crate::eval::SAME_LABELS;

/// Instants, and what is known of each.
pub(super) struct Span {
    instants: Instants,
    /// How many series each has.
    counts: Vec<usize>,
    /// Why each was refused, if it was.
    refused: Vec<Option<String>>,
    is_any_refused: bool,
}

impl Span {
    /// Nothing is known yet.
    pub(super) fn new(instants: Instants) -> Self {
        let count = usize::try_from(instants.count()).unwrap_or(0);
        Self {
            instants,
            counts: vec![0; count],
            refused: vec![None; count],
            is_any_refused: false,
        }
    }

    /// Counts the samples of a series.
    pub(super) fn count(&mut self, series: &Series) {
        for t in series.times() {
            let at = self.instants.position(t);
            if let Some(count) = at.and_then(|at| self.counts.get_mut(at)) {
                *count += 1;
            }
        }
    }

    fn refuse(&mut self, at: usize, message: String) {
        if let Some(refused) = self.refused.get_mut(at) {
            refused.get_or_insert(message);
            self.is_any_refused = true;
        }
    }

    /// Refuses the instants with more series than that; 0 for any number.
    pub(super) fn refuse_more_than(&mut self, limit: usize) {
        if limit == 0 {
            return;
        }
        let over = self.counts.iter().copied().enumerate();
        let over: Vec<_> = over.filter(|(_, count)| *count > limit).collect();
        for (at, count) in over {
            self.refuse(at, format!("exceeded limit of {limit} with {count} series"));
        }
    }

    /// Makes one series of two with the same labels, and refuses the instants at which both have a sample.
    pub(super) fn unite(&mut self, one: &mut Series, other: Series) {
        let times: HashSet<_> = one.times().collect();
        let both: Vec<_> = other.times().filter(|t| times.contains(t)).collect();
        for t in both {
            if let Some(at) = self.instants.position(t) {
                self.refuse(at, SAME_LABELS.to_owned());
            }
        }
        let floats = |s: &mut Series| {
            let (timestamps, values) = (
                std::mem::take(&mut s.timestamps),
                std::mem::take(&mut s.values),
            );
            timestamps.into_iter().zip(values)
        };
        let mut other = other;
        let mut all: Vec<_> = floats(one).chain(floats(&mut other)).collect();
        all.sort_by_key(|(t, _)| *t);
        all.dedup_by_key(|(t, _)| *t);
        (one.timestamps, one.values) = all.into_iter().unzip();
        one.histograms.extend(other.histograms);
        one.histograms.sort_by_key(|(t, _)| *t);
        one.histograms.dedup_by_key(|(t, _)| *t);
    }

    fn is_good(&self, at: usize) -> bool {
        self.refused.get(at).is_some_and(Option::is_none)
    }

    /// The first instant that was not refused.
    pub(super) fn first_good(&self) -> Option<TimestampMs> {
        let at = self.refused.iter().position(Option::is_none)?;
        Some(self.instants.at(at))
    }

    /// The instants that were refused, and why.
    pub(super) fn refused(&self) -> impl Iterator<Item = (TimestampMs, &str)> {
        let all = self.refused.iter().enumerate();
        all.filter_map(|(at, message)| Some((self.instants.at(at), message.as_deref()?)))
    }

    /// Leaves out the samples of refused instants.
    pub(super) fn keep_good(&self, series: &mut Series) {
        if !self.is_any_refused {
            return;
        }
        let is_good = |t: &TimestampMs| {
            self.instants
                .position(*t)
                .is_some_and(|at| self.is_good(at))
        };
        let floats = series
            .timestamps
            .iter()
            .copied()
            .zip(series.values.iter().copied());
        let floats: Vec<_> = floats.filter(|(t, _)| is_good(t)).collect();
        (series.timestamps, series.values) = floats.into_iter().unzip();
        series.histograms.retain(|(t, _)| is_good(t));
    }

    /// When a series ends: at good instants without a sample after one with a sample. `was`: there was one before the span.
    pub(super) fn ends(
        &self,
        series: &Series,
        was: bool,
        present: &mut Vec<bool>,
    ) -> Vec<TimestampMs> {
        if series.len() == self.counts.len() {
            return Vec::new();
        }
        present.clear();
        present.resize(self.counts.len(), false);
        for at in series.times().filter_map(|t| self.instants.position(t)) {
            if let Some(there) = present.get_mut(at) {
                *there = true;
            }
        }
        let mut ends = Vec::new();
        let mut was = was;
        for (at, there) in present
            .iter()
            .enumerate()
            .filter(|(at, _)| self.is_good(*at))
        {
            if was && !there {
                ends.push(self.instants.at(at));
            }
            was = *there;
        }
        ends
    }

    /// Whether a series has a sample at the last good instant.
    pub(super) fn is_at_end(&self, series: &Series) -> bool {
        let last = self.refused.iter().rposition(Option::is_none);
        let last = last.map(|at| self.instants.at(at));
        last.is_some() && series.times().max() == last
    }
}
