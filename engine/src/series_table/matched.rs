//! From matchers to series: first by the index of values, then, where few are left, by their labels.

use std::collections::HashSet;

use narthex_model::{LabelsRef, METRIC_NAME, MatchOp, Matcher};

use super::arena::{NOWHERE, Place, SharedLabels};
use super::shapes::SeenShapes;
use super::value_index::{Value, Values};
use super::{Inner, LOCKED_SERIES, SeriesTable};
use crate::matching::{LabelFilter, name_candidates, text_of};
use crate::ordinal_set::OrdinalSet;

/// As long as so few are left, each matcher is tried on their labels.
const TRIED_SERIES_MAX: usize = 1024;

/// As long as a label has so few values, they are tried one by one.
const TRIED_VALUES_MAX: usize = 64;

/// A step of sorting takes about so many times as long as to look whether a series is in a set.
const SORT_STEP_LOOKS: usize = 20;

/// To find a label of a series takes about so many times as long as to go on to the next ordinal of a value.
const LABEL_LOOKS: u64 = 30;

/// No series can be found.
struct Nothing;

/// Series that matchers accept, in the form in which they were found.
enum Found<'a> {
    Few(Vec<u32>),
    OfValue(&'a Value),
    Many(OrdinalSet),
    All,
}

/// Series of a selection, sorted by labels.
#[derive(Default, Clone)]
pub(crate) struct MatchedSeries {
    pub(crate) ordinals: Vec<u32>,
    /// At most so many samples of each are wanted, side by side with the ordinals.
    pub(crate) samples_max: Vec<u64>,
    places: Vec<Place>,
    labels: SharedLabels,
    /// Sorted names of the labels that occur.
    pub(crate) label_names: Vec<String>,
}

/// A series that matchers accept.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) ordinal: u32,
    place: Place,
    inner: &'a Inner,
}

impl<'a> Candidate<'a> {
    /// Its labels. They lie elsewhere in memory: asking for them has its price.
    pub(crate) fn labels(&self) -> LabelsRef<'a> {
        self.inner.labels.get(self.place)
    }
}

impl MatchedSeries {
    /// Number of series.
    pub(crate) fn len(&self) -> usize {
        self.ordinals.len()
    }

    /// The labels of the series at `position`; the empty set if there is none.
    #[inline]
    pub(crate) fn labels(&self, position: usize) -> LabelsRef<'_> {
        let place = self.places.get(position).copied();
        self.labels.get(place.unwrap_or(NOWHERE))
    }

    /// The series at `positions`, in that order.
    pub(crate) fn at(&self, positions: &[u32]) -> Self {
        fn pick<T: Copy>(items: &[T], positions: &[u32]) -> Vec<T> {
            let item = |at: &u32| items.get(*at as usize).copied();
            positions.iter().filter_map(item).collect()
        }
        Self {
            ordinals: pick(&self.ordinals, positions),
            samples_max: pick(&self.samples_max, positions),
            places: pick(&self.places, positions),
            labels: self.labels.clone(),
            label_names: self.label_names.clone(),
        }
    }
}

impl SeriesTable {
    /// The series that all `matchers` accept and `wanted` too, sorted by labels. `wanted` is asked by increasing ordinals and
    /// gives [`MatchedSeries::samples_max`].
    pub(crate) fn select(
        &self,
        matchers: &[Matcher],
        mut wanted: impl FnMut(Candidate<'_>) -> Option<u64>,
    ) -> MatchedSeries {
        let mut chosen = Vec::new();
        self.for_each(matchers, |candidate| {
            chosen.extend(wanted(candidate).map(|samples_max| (candidate.ordinal, samples_max)));
        });
        let total = self.inner.read().total_of_names(matchers);
        let steps = chosen.len() * chosen.len().max(2).ilog2() as usize;
        if steps * SORT_STEP_LOOKS < total {
            self.sorted_by_labels(chosen)
        } else {
            self.sorted_by_postings(matchers, chosen)
        }
    }

    /// Calls `visit` with the series that all `matchers` accept, by increasing ordinals.
    pub(crate) fn for_each(&self, matchers: &[Matcher], mut visit: impl FnMut(Candidate<'_>)) {
        let inner = self.inner.read();
        let found: Vec<u32> = inner.ordinals(&inner.found(matchers)).collect();
        drop(inner);
        for part in found.chunks(LOCKED_SERIES) {
            let inner = self.inner.read();
            let present = inner.present(part);
            present.for_each(|(ordinal, _)| visit(inner.candidate(ordinal)));
        }
    }

    /// Sorted names of the labels of the series that all `matchers` accept and `wanted` too.
    pub(crate) fn label_names(
        &self,
        matchers: &[Matcher],
        mut wanted: impl FnMut(Candidate<'_>) -> bool,
    ) -> Vec<String> {
        let inner = self.inner.read();
        let shapes = &inner.shapes;
        if matchers.is_empty() {
            let mut has_wanted = |values: &Values| {
                let mut ordinals = values.iter().flat_map(Value::ordinals);
                ordinals.any(|o| wanted(inner.candidate(o)))
            };
            let names = inner.values.iter().filter(|(_, v)| has_wanted(v));
            return names.map(|(name, _)| name.to_owned()).collect();
        }
        let mut seen = SeenShapes::default();
        for ordinal in inner.ordinals(&inner.found(matchers)) {
            if !shapes.is_seen(ordinal, &seen) && wanted(inner.candidate(ordinal)) {
                shapes.see(ordinal, &mut seen);
                if shapes.are_all_seen(&seen) {
                    break;
                }
            }
        }
        shapes.names(&seen)
    }

    /// Values of label `name` among the series that all `matchers` accept and `wanted` too; each once, in no order.
    pub(crate) fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        mut wanted: impl FnMut(Candidate<'_>) -> bool,
    ) -> Vec<String> {
        let inner = self.inner.read();
        let Some(values) = inner.values.get(name) else {
            return Vec::new();
        };
        let mut texts = HashSet::new();
        let chosen = if matchers.is_empty() {
            None
        } else {
            let found = inner.found(matchers);
            let mut ordinals = inner.ordinals(&found);
            // The first few often have all values that there are.
            let first = ordinals.by_ref().take(TRIED_SERIES_MAX);
            inner.add_values(name, values.len(), first, &mut wanted, &mut texts);
            if texts.len() == values.len() {
                return owned(texts);
            }
            if inner.count(&found) as u64 * LABEL_LOOKS < values.series() {
                inner.add_values(name, values.len(), ordinals, &mut wanted, &mut texts);
                return owned(texts);
            }
            drop(ordinals);
            Some(inner.set_of(found))
        };
        let is_chosen = |o: &u32| chosen.as_ref().is_none_or(|c| c.contains(*o));
        let sorted = values.sorted(name, |o| inner.labels_of(o));
        let shown = sorted.beginning_with("").filter(|(text, at)| {
            let mut ordinals = values.at(*at).into_iter().flat_map(Value::ordinals);
            texts.contains(text) || ordinals.any(|o| is_chosen(&o) && wanted(inner.candidate(o)))
        });
        shown.map(|(text, _)| text.to_owned()).collect()
    }

    /// What was chosen, sorted by comparing labels.
    fn sorted_by_labels(&self, mut chosen: Vec<(u32, u64)>) -> MatchedSeries {
        let inner = self.inner.read();
        chosen.sort_by(|a, b| inner.labels_of(a.0).cmp(&inner.labels_of(b.0)));
        inner.matched(chosen.into_iter())
    }

    /// What was chosen, in the order of the postings.
    fn sorted_by_postings(&self, matchers: &[Matcher], chosen: Vec<(u32, u64)>) -> MatchedSeries {
        let on_name: Vec<_> = on_name(matchers).collect();
        let inner = self.read_sorted(&on_name);
        let postings = name_candidates(&inner.by_name, &on_name);
        let mut samples_max = vec![u64::MAX; inner.next as usize];
        for (ordinal, max) in &chosen {
            if let Some(slot) = samples_max.get_mut(*ordinal as usize) {
                *slot = *max;
            }
        }
        let in_order = postings.iter().flat_map(|p| p.ordinals.iter().copied());
        let in_order = in_order.filter_map(|ordinal| {
            let max = samples_max.get(ordinal as usize)?;
            (*max != u64::MAX).then_some((ordinal, *max))
        });
        if postings.len() <= 1 || inner.shapes.are_sorted_by_metric() {
            return inner.matched(in_order);
        }
        // A label whose name sorts before `__name__` outranks the metric's name, which may be missing, too.
        drop(inner);
        self.sorted_by_labels(chosen)
    }
}

fn owned(texts: HashSet<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

fn on_name(matchers: &[Matcher]) -> impl Iterator<Item = &Matcher> {
    matchers.iter().filter(|m| m.name() == METRIC_NAME)
}

impl Inner {
    fn candidate(&self, ordinal: u32) -> Candidate<'_> {
        Candidate {
            ordinal,
            place: self.places.get(ordinal),
            inner: self,
        }
    }

    /// Ordinals of what was found, increasing.
    fn ordinals<'a>(&'a self, found: &'a Found<'_>) -> Box<dyn Iterator<Item = u32> + 'a> {
        let is_there = |o: &u32| self.places.get(*o) != NOWHERE;
        match found {
            Found::Few(ordinals) => Box::new(ordinals.iter().copied()),
            Found::OfValue(value) => Box::new(value.ordinals()),
            Found::Many(set) => Box::new(set.iter()),
            Found::All => Box::new((0..self.next).filter(is_there)),
        }
    }

    /// Number of series that were found.
    fn count(&self, found: &Found<'_>) -> usize {
        match found {
            Found::Few(ordinals) => ordinals.len(),
            Found::OfValue(value) => value.len(),
            Found::Many(set) => set.len(),
            Found::All => self.index.len(),
        }
    }

    fn set_of(&self, found: Found<'_>) -> OrdinalSet {
        match found {
            Found::Many(set) => set,
            found => {
                let mut set = OrdinalSet::new(self.next);
                self.ordinals(&found).for_each(|o| set.insert(o));
                set
            }
        }
    }

    /// Number of series of the metrics that `matchers` accept.
    fn total_of_names(&self, matchers: &[Matcher]) -> usize {
        let on_name: Vec<_> = on_name(matchers).collect();
        let postings = name_candidates(&self.by_name, &on_name);
        postings.iter().map(|p| p.ordinals.len()).sum()
    }

    /// What is needed of series that come sorted by labels. Those that have left meanwhile are left out.
    fn matched(&self, sorted: impl Iterator<Item = (u32, u64)>) -> MatchedSeries {
        let mut matched = MatchedSeries::default();
        let mut seen = SeenShapes::default();
        for (ordinal, samples_max) in sorted {
            let place = self.places.get(ordinal);
            if place != NOWHERE {
                matched.ordinals.push(ordinal);
                matched.samples_max.push(samples_max);
                matched.places.push(place);
                self.shapes.see(ordinal, &mut seen);
            }
        }
        matched.labels = self.labels.share_all(&matched.places);
        matched.label_names = self.shapes.names(&seen);
        matched
    }

    /// Adds what `wanted` series of `ordinals` have as values of label `name`, until there are `all`.
    fn add_values<'a>(
        &'a self,
        name: &str,
        all: usize,
        ordinals: impl Iterator<Item = u32>,
        wanted: &mut impl FnMut(Candidate<'_>) -> bool,
        texts: &mut HashSet<&'a str>,
    ) {
        for ordinal in ordinals {
            let text = text_of(self.labels_of(ordinal), name);
            if !text.is_empty() && !texts.contains(text) && wanted(self.candidate(ordinal)) {
                texts.insert(text);
                if texts.len() == all {
                    break;
                }
            }
        }
    }

    /// The series that all `matchers` accept.
    fn found(&self, matchers: &[Matcher]) -> Found<'_> {
        let mut rest: Vec<&Matcher> = matchers.iter().collect();
        let Ok(fewest) = self.fewest(matchers) else {
            return Found::Few(Vec::new());
        };
        let mut found = Found::All;
        if let Some((at, value)) = fewest {
            rest.swap_remove(at);
            found = Found::OfValue(value);
        }
        let count = self.count(&found);
        let (by_value, by_label): (Vec<_>, Vec<_>) = rest.into_iter().partition(|matcher| {
            let values = self.values.get(matcher.name());
            count > TRIED_SERIES_MAX && values.is_none_or(|values| values.len() <= count)
        });
        if !by_value.is_empty() {
            let mut set = self.set_of(found);
            let matchers = by_value.into_iter();
            matchers.for_each(|matcher| self.keep_accepted(&mut set, matcher));
            found = Found::Many(set);
        }
        if by_label.is_empty() {
            return found;
        }
        let filters: Vec<_> = by_label.into_iter().map(LabelFilter::new).collect();
        let is_accepted = |o: &u32| {
            let labels = self.labels_of(*o);
            filters.iter().all(|f| f.accepts(labels))
        };
        Found::Few(self.ordinals(&found).filter(is_accepted).collect())
    }

    /// The matcher that wants but one value, and that value, of which the fewest series are; an error if a matcher wants values
    /// that no series has.
    fn fewest(&self, matchers: &[Matcher]) -> Result<Option<(usize, &Value)>, Nothing> {
        let mut fewest: Option<(usize, &Value)> = None;
        for (at, matcher) in matchers.iter().enumerate() {
            if let Some(value) = self.only_value(matcher)?
                && fewest.is_none_or(|(_, best)| value.len() < best.len())
            {
                fewest = Some((at, value));
            }
        }
        Ok(fewest)
    }

    /// The value that `matcher` wants, if it is one and easy to find.
    fn only_value(&self, matcher: &Matcher) -> Result<Option<&Value>, Nothing> {
        if matcher.accepts_empty() {
            return Ok(None);
        }
        let name = matcher.name();
        let values = self.values.get(name).ok_or(Nothing)?;
        if matcher.op() == MatchOp::Equal {
            let found = values.find(name, matcher.value(), |o| self.labels_of(o));
            return found.ok_or(Nothing).map(Some);
        }
        if values.len() > TRIED_VALUES_MAX && matcher.literals().is_none() {
            return Ok(None);
        }
        match self.accepted(values, matcher).as_slice() {
            [] => Err(Nothing),
            [only] => Ok(Some(only)),
            _ => Ok(None),
        }
    }

    /// Those of `values`, which are of the label of `matcher`, a positive one, that it accepts.
    fn accepted<'a>(&self, values: &'a Values, matcher: &Matcher) -> Vec<&'a Value> {
        let (name, labels_of) = (matcher.name(), |o| self.labels_of(o));
        if let Some(literals) = matcher.literals() {
            let found = literals
                .iter()
                .map(|text| values.find(name, text, labels_of));
            return found.flatten().collect();
        }
        let sorted = values.sorted(name, labels_of);
        let accepted = sorted.beginning_with(matcher.prefix());
        let accepted = accepted.filter(|(text, _)| matcher.accepts(text));
        accepted.filter_map(|(_, at)| values.at(at)).collect()
    }

    /// Takes those out of `set` that `matcher` does not accept, value by value.
    fn keep_accepted(&self, set: &mut OrdinalSet, matcher: &Matcher) {
        let name = matcher.name();
        let Some(values) = self.values.get(name) else {
            if !matcher.accepts_empty() {
                set.clear();
            }
            return;
        };
        if matcher.accepts_empty() {
            let sorted = values.sorted(name, |o| self.labels_of(o));
            let all = sorted.beginning_with("");
            let refused = all.filter(|(text, _)| !matcher.accepts(text));
            let refused = refused.filter_map(|(_, at)| values.at(at));
            return refused.for_each(|v| v.ordinals().for_each(|o| set.remove(o)));
        }
        let mut accepted = OrdinalSet::new(self.next);
        for value in self.accepted(values, matcher) {
            value.ordinals().for_each(|o| accepted.insert(o));
        }
        set.intersect(&accepted);
    }
}
