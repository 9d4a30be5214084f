//! Which series are born within the slices, and which were only away for a while.
//!
//! A series that was never seen before, though its target was, began at zero: what its first sample says has been counted since its
//! target was last seen without it. A target is known by `job` and `instance`, and seen when its `up` is 1; where there is no `up`,
//! when any series of the same metric has a sample.

use std::collections::HashMap;

use narthex_model::{LabelsRef, METRIC_NAME, Matcher, Result, TimeRange, TimestampMs, is_stale};
use parking_lot::Mutex;

use super::LOOK_BACK_MS;
use crate::spec::FirstSample;
use crate::store::{Chosen, Store};

/// What tells targets apart.
const TARGET: [&str; 2] = ["job", "instance"];

/// What a series had before the samples that were read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Before {
    /// These samples: the last that was a number, and the stale marker after it, if there was one.
    Samples(Vec<TimestampMs>, Vec<f64>),
    /// Nothing, though its target was seen at this time.
    Born(TimestampMs),
    /// Nobody knows.
    Unknown,
}

/// Looks for what was before.
pub(super) struct Births<'a> {
    store: &'a dyn Store,
    /// The time whose samples are read.
    read: TimeRange,
    first_sample: FirstSample,
    /// Since when there are samples at all.
    oldest: TimestampMs,
    seen: Mutex<HashMap<Vec<u8>, Seen>>,
}

/// When a target was seen, up to a time.
struct Seen {
    until: TimestampMs,
    times: Vec<TimestampMs>,
}

impl Seen {
    /// When it was last seen before `at`, if that is known.
    fn before(&self, at: TimestampMs) -> Option<Option<TimestampMs>> {
        let before = self.times.partition_point(|t| *t < at);
        (at <= self.until).then(|| self.times.get(..before)?.last().copied())
    }
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

    /// What was before the sample at `first`, the first that was read of a series.
    pub(super) fn before(&self, labels: LabelsRef<'_>, first: TimestampMs) -> Result<Before> {
        let past = TimeRange::new(self.earliest(), self.read.start);
        if self.oldest < past.end
            && let Some((timestamps, values)) = self.last_samples(labels, past)?
        {
            return Ok(Before::Samples(timestamps, values));
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
            FirstSample::Zero => self.last_seen(labels, at),
        }
    }

    /// The newest sample of a series in a span that is a number, and what came after it.
    fn last_samples(
        &self,
        labels: LabelsRef<'_>,
        span: TimeRange,
    ) -> Result<Option<(Vec<TimestampMs>, Vec<f64>)>> {
        let matchers: Vec<_> = labels.iter().map(|(n, v)| Matcher::equal(n, v)).collect();
        let chosen = self.store.select(&matchers, span)?;
        for at in 0..chosen.len() {
            // Others may have more labels.
            if chosen.labels(at) != labels {
                continue;
            }
            let samples = chosen.read(at..at + 1)?;
            let (timestamps, values) = samples.series(0);
            let last = values.iter().rposition(|v| v.is_finite());
            return Ok(last.map(|last| (timestamps[last..].to_vec(), values[last..].to_vec())));
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
        if let Some(known) = self.seen.lock().get(&key).and_then(|seen| seen.before(at)) {
            return Ok(known);
        }
        let seen = self.look(&target, metric, at)?;
        let found = seen.before(at).flatten();
        self.seen.lock().insert(key, seen);
        Ok(found)
    }

    /// When a target was seen, from the time that is looked back to; up to `at` at least.
    fn look(&self, target: &[Matcher], metric: &str, at: TimestampMs) -> Result<Seen> {
        let start = self.earliest();
        let select = |name: &str, until: TimestampMs| {
            let name = Matcher::equal(METRIC_NAME, name);
            let matchers: Vec<_> = target.iter().cloned().chain([name]).collect();
            self.store.select(&matchers, TimeRange::new(start, until))
        };
        let until = self.read.end;
        let up = select("up", until)?;
        if !up.is_empty() {
            let times = times(up.as_ref(), |v| v == 1.0)?;
            return Ok(Seen { until, times });
        }
        // There may be many of these.
        let others = select(metric, at)?;
        let times = times(others.as_ref(), |v| !is_stale(v))?;
        Ok(Seen { until: at, times })
    }
}

/// The times of samples, sorted.
fn times(chosen: &dyn Chosen, counts: impl Fn(f64) -> bool) -> Result<Vec<TimestampMs>> {
    let mut all = Vec::new();
    for at in 0..chosen.len() {
        let samples = chosen.read(at..at + 1)?;
        let (timestamps, values) = samples.series(0);
        let pairs = timestamps.iter().zip(values);
        all.extend(pairs.filter(|(_, v)| counts(**v)).map(|(t, _)| *t));
        if at % 64 == 63 {
            all.sort_unstable();
            all.dedup();
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}
