//! Events not slower than a threshold, by the buckets of classic histograms.
//!
//! Of each histogram only the buckets are read that tell something: that of all events and those around the threshold.

use std::collections::HashMap;

use narthex_model::{Error, Labels, LabelsRef, Result};

use super::batches::{Batch, Batches};
use super::counting::Counting;
use super::groups::Groups;
use super::{Filled, Work};
use crate::count::{BucketPlan, Buckets, Method, Series, Tally};
use crate::spec::{Counted, Which};
use crate::store::Chosen;

/// The label with the upper bound of a bucket.
const LE: &str = "le";

/// A histogram, by the positions of its buckets in what is read.
struct Histogram {
    plan: BucketPlan,
    group: usize,
    total: usize,
    lower: Option<usize>,
    upper: Option<usize>,
}

pub(super) fn count(work: Work<'_>, buckets: &Counted, threshold: f64) -> Result<Filled> {
    let all = work.select_all(buckets)?;
    let mut groups = Groups::by(&work.slo.group_by);
    let mut parts = Vec::with_capacity(all.len());
    for chosen in &all {
        parts.push(histograms(chosen.as_ref(), threshold, &mut groups)?);
    }
    let mut counting = Counting::new(work, groups, Method::Buckets, Which::Good);
    for (chosen, histograms) in parts {
        let first = |h: &Histogram| positions(h).min().unwrap_or(0);
        // A histogram is counted with the batch that all its buckets are in.
        let mut firsts: Vec<_> = histograms.iter().map(|h| (first(h), h)).collect();
        firsts.sort_by_key(|(first, _)| *first);
        let mut joined = vec![false; chosen.len()];
        for histogram in &histograms {
            let last = positions(histogram).max().unwrap_or(0);
            joined[first(histogram) + 1..=last].fill(true);
        }
        let each = |tally: &mut Tally, batch: &Batch<'_>| {
            let from = firsts.partition_point(|(first, _)| *first < batch.positions.start);
            let inside = firsts[from..].iter();
            for (_, histogram) in inside.take_while(|(first, _)| *first < batch.positions.end) {
                count_one(tally, batch, histogram)?;
            }
            Ok(())
        };
        counting.floats(&Batches::by_labels(chosen, |at| joined[at]), &each)?;
    }
    Ok(counting.finish())
}

fn positions(histogram: &Histogram) -> impl Iterator<Item = usize> {
    let own = [Some(histogram.total), histogram.lower, histogram.upper];
    own.into_iter().flatten()
}

fn count_one(tally: &mut Tally, batch: &Batch<'_>, histogram: &Histogram) -> Result<()> {
    // Each bucket is born by itself, so they are told of one inside the other.
    let with = |at: Option<usize>, next: &mut dyn FnMut(&[Series<'_>]) -> Result<()>| {
        let Some(at) = at else {
            return next(&[]);
        };
        let (mut done, mut met) = (Ok(()), false);
        batch.counter(at, &mut |lives| {
            met = true;
            done = next(lives);
        })?;
        if met { done } else { next(&[]) }
    };
    with(Some(histogram.total), &mut |total| {
        with(histogram.lower, &mut |lower| {
            with(histogram.upper, &mut |upper| {
                let buckets = Buckets {
                    total,
                    lower,
                    upper,
                };
                tally.histogram(histogram.group, &histogram.plan, buckets);
                Ok(())
            })
        })
    })
}

/// The histograms of a selection, and the buckets of it that matter.
fn histograms<'a>(
    chosen: &'a dyn Chosen,
    threshold: f64,
    groups: &mut Groups<'a>,
) -> Result<(Box<dyn Chosen>, Vec<Histogram>)> {
    let mut found: HashMap<Labels, Vec<(f64, usize)>> = HashMap::new();
    for at in 0..chosen.len() {
        let labels = chosen.labels(at);
        let Some(bound) = labels.get(LE).and_then(|le| le.parse().ok()) else {
            continue;
        };
        found
            .entry(without_le(labels)?)
            .or_default()
            .push((bound, at));
    }
    let mut histograms = Vec::with_capacity(found.len());
    for buckets in found.into_values() {
        let bounds: Vec<f64> = buckets.iter().map(|(bound, _)| *bound).collect();
        // Without the bucket of all events nothing is known.
        let Some(plan) = BucketPlan::new(&bounds, threshold) else {
            continue;
        };
        let at = |i: usize| buckets[i].1;
        histograms.push(Histogram {
            plan,
            group: groups.of(chosen.labels(at(plan.total))),
            total: at(plan.total),
            lower: plan.lower.map(at),
            upper: (!plan.is_exact()).then(|| at(plan.upper)),
        });
    }
    let mut wanted: Vec<u32> = histograms
        .iter()
        .flat_map(positions)
        .map(|at| at as u32)
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let place = |at: usize| wanted.binary_search(&(at as u32)).unwrap_or(0);
    for histogram in &mut histograms {
        histogram.total = place(histogram.total);
        histogram.lower = histogram.lower.map(place);
        histogram.upper = histogram.upper.map(place);
    }
    Ok((chosen.only(&wanted), histograms))
}

fn without_le(labels: LabelsRef<'_>) -> Result<Labels> {
    let rest = labels.iter().filter(|(name, _)| *name != LE);
    Labels::new(rest).map_err(|e| Error::internal("labels of a series").with_source(e))
}
