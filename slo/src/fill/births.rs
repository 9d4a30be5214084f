//! Which series are born within the slices, and which were only away for a while.
//!
//! A series that was never seen before, though its target was, began at zero: what its first sample says has been counted since its
//! target was last seen without it. A target is known by `job` and `instance`, and seen when its `up` is 1; where there is no `up`,
//! when any series of the same metric has a sample.

use std::collections::HashMap;

use narthex_model::{LabelsRef, METRIC_NAME, Matcher, Result, TimeRange, TimestampMs, is_stale};
use parking_lot::Mutex;

use super::LOOK_BACK_MS;
use super::bound::{Bound, LE};
use crate::spec::FirstSample;
use crate::store::{Chosen, Store};

/// What tells targets apart.
const TARGET: [&str; 2] = ["job", "instance"];

/// So many samples tell how far they are apart as a rule.
const EARLIER: usize = 9;

/// What a series had before the samples that were read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Before<T> {
    /// These samples: the last that was a number, what came after it, and a few before it, which tell how far apart they are.
    Samples(T),
    /// Nothing, though its target was seen at this time.
    Born(TimestampMs),
    /// Nobody knows.
    Unknown,
}

/// Times and values of samples.
pub(super) type Floats = (Vec<TimestampMs>, Vec<f64>);

/// Looks for what was before.
pub(super) struct Births<'a> {
    store: &'a dyn Store,
    /// The time whose samples are read.
    read: TimeRange,
    first_sample: FirstSample,
    /// Since when there are samples at all.
    oldest: TimestampMs,
    /// When targets were seen.
    seen: Mutex<HashMap<Vec<u8>, Vec<TimestampMs>>>,
}

impl<'a> Births<'a> {
    pub(super) fn new(store: &'a dyn Store, read: TimeRange, first_sample: FirstSample) -> Self {
        Self {
            store,
            read,
            first_sample,
            oldest: store.span().map_or(TimestampMs::MAX, |span| span.start),
            seen: Mutex::default(),
        }
    }

    /// Since when anything is looked for.
    fn earliest(&self) -> TimestampMs {
        self.read.start.saturating_sub(LOOK_BACK_MS)
    }

    /// What was before the sample at `first`, the first that was read of a counter; `read` as in [`Births::earlier`].
    pub(super) fn before<T>(
        &self,
        labels: LabelsRef<'_>,
        first: TimestampMs,
        read: impl Fn(&dyn Chosen, usize) -> Result<Option<T>>,
    ) -> Result<Before<T>> {
        if let Some(samples) = self.earlier(labels, first, read)? {
            return Ok(Before::Samples(samples));
        }
        let born = self.born(labels, first)?;
        Ok(born.map_or(Before::Unknown, Before::Born))
    }

    /// When the target of a series was last seen before `at`, if what begins then counts from zero.
    pub(super) fn born(
        &self,
        labels: LabelsRef<'_>,
        at: TimestampMs,
    ) -> Result<Option<TimestampMs>> {
        match self.first_sample {
            FirstSample::Ignore => Ok(None),
            FirstSample::Zero => {
                let seen = self.last_seen(labels, at)?;
                Ok(seen.filter(|seen| at - seen <= LOOK_BACK_MS))
            }
        }
    }

    /// What `read` finds of a series, of the samples before those that were read, at most a day before `first`.
    pub(super) fn earlier<T>(
        &self,
        labels: LabelsRef<'_>,
        first: TimestampMs,
        read: impl Fn(&dyn Chosen, usize) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let span = TimeRange::new(first.saturating_sub(LOOK_BACK_MS), self.read.start);
        if span.is_empty() || self.oldest >= span.end {
            return Ok(None);
        }
        let has_bound = labels.get(LE).and_then(Bound::parse).is_some();
        let same = labels.iter().filter(|(n, _)| !(has_bound && *n == LE));
        let matchers: Vec<_> = same.map(|(n, v)| Matcher::equal(n, v)).collect();
        let chosen = self.store.select(&matchers, span)?;
        // Others may have more labels. What is written alike goes before what is written otherwise.
        let same = (0..chosen.len()).filter(|at| is_same(chosen.labels(*at), labels));
        let mut same: Vec<_> = same.collect();
        same.sort_by_key(|at| chosen.labels(*at) != labels);
        for at in same {
            if let Some(found) = read(chosen.as_ref(), at)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// When the target of a series was last seen before `at`.
    fn last_seen(&self, labels: LabelsRef<'_>, at: TimestampMs) -> Result<Option<TimestampMs>> {
        let target: Option<Vec<_>> = TARGET
            .iter()
            .map(|name| Some(Matcher::equal(*name, labels.get(name)?)))
            .collect();
        let Some(target) = target else {
            return Ok(None);
        };
        let metric = labels.metric_name();
        let mut key = metric.as_bytes().to_vec();
        for matcher in &target {
            key.push(0xff);
            key.extend_from_slice(matcher.value().as_bytes());
        }
        if let Some(seen) = self.seen.lock().get(&key) {
            return Ok(last_before(seen, at));
        }
        let seen = self.look(&target, metric)?;
        let found = last_before(&seen, at);
        self.seen.lock().insert(key, seen);
        Ok(found)
    }

    /// When a target was seen, from the time that is looked back to.
    fn look(&self, target: &[Matcher], metric: &str) -> Result<Vec<TimestampMs>> {
        let all = TimeRange::new(self.earliest(), self.read.end);
        let select = |name: &str| {
            let name = Matcher::equal(METRIC_NAME, name);
            let matchers: Vec<_> = target.iter().cloned().chain([name]).collect();
            self.store.select(&matchers, all)
        };
        let up = select("up")?;
        if !up.is_empty() {
            return times(up.as_ref(), |v| v == 1.0);
        }
        // There may be many of these, which are read once for all births.
        times(select(metric)?.as_ref(), |v| !is_stale(v))
    }
}

/// Reads the newest sample that `counts`, what came after it, and a few before it.
pub(super) fn newest(
    counts: fn(f64) -> bool,
) -> impl Fn(&dyn Chosen, usize) -> Result<Option<Floats>> {
    move |chosen, at| {
        let samples = chosen.read(at..at + 1)?;
        let (timestamps, values) = samples.series(0);
        let from = near_last(values, counts);
        Ok(from.map(|from| (timestamps[from..].to_vec(), values[from..].to_vec())))
    }
}

/// A few samples before the last that `counts`.
pub(super) fn near_last(values: &[f64], counts: fn(f64) -> bool) -> Option<usize> {
    let last = values.iter().rposition(|v| counts(*v));
    last.map(|last| last.saturating_sub(EARLIER))
}

/// Whether labels are those of the same series: with the same bound, if they are those of a bucket, however it is written.
fn is_same(a: LabelsRef<'_>, b: LabelsRef<'_>) -> bool {
    let is_same = |((n, v), (m, w)): ((&str, &str), (&str, &str))| {
        let bound = || Bound::parse(v).is_some_and(|v| Bound::parse(w) == Some(v));
        n == m && (v == w || (n == LE && bound()))
    };
    a.iter().count() == b.iter().count() && a.iter().zip(b.iter()).all(is_same)
}

fn last_before(times: &[TimestampMs], at: TimestampMs) -> Option<TimestampMs> {
    let before = times.partition_point(|t| *t < at);
    times[..before].last().copied()
}

/// The times of samples, sorted.
fn times(chosen: &dyn Chosen, counts: impl Fn(f64) -> bool) -> Result<Vec<TimestampMs>> {
    let mut all = Vec::new();
    for at in 0..chosen.len() {
        let samples = chosen.read(at..at + 1)?;
        let (timestamps, values) = samples.series(0);
        let pairs = timestamps.iter().zip(values);
        all.extend(pairs.filter(|(_, v)| counts(**v)).map(|(t, _)| *t));
        if timestamps.is_empty() {
            chosen.read_histograms(at, &mut |t, histogram| {
                all.extend(counts(histogram.sum).then_some(t));
            })?;
        }
        if at % 64 == 63 {
            all.sort_unstable();
            all.dedup();
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}
