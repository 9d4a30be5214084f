//! Events not slower than a threshold, by the buckets of classic histograms.
//!
//! Of each histogram only the buckets are read that tell something: that of all events and those around the threshold.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use narthex_model::{Error, Labels, LabelsRef, Result};

use super::batches::{Batch, Batches};
use super::bound::{Bound, LE};
use super::counting::Counting;
use super::groups::Groups;
use super::{Filled, Work};
use crate::count::{BucketPlan, Buckets, Method, Series, Tally};
use crate::spec::{Counted, Which};
use crate::store::Chosen;

/// A histogram, by the positions of its buckets in what is read: of each as many series as there are spellings of its bound, one after the
/// other as a rule, since Prometheus 3 writes `1.0` where there was a `1`.
struct Histogram {
    plan: BucketPlan,
    group: usize,
    total: Vec<u32>,
    lower: Vec<u32>,
    upper: Vec<u32>,
}

impl Histogram {
    fn positions(&mut self) -> impl Iterator<Item = &mut u32> {
        let lower = self.lower.iter_mut();
        self.total.iter_mut().chain(lower).chain(&mut self.upper)
    }

    fn first(&self) -> usize {
        let lower = self.lower.iter();
        let all = self.total.iter().chain(lower).chain(&self.upper);
        all.min().map_or(0, |at| *at as usize)
    }
}

pub(super) fn count(work: Work<'_>, buckets: &Counted, threshold: f64) -> Result<Filled> {
    let all = work.select_all(buckets)?;
    let mut groups = Groups::by(&work.slo.group_by);
    let mut parts = Vec::with_capacity(all.len());
    for chosen in &all {
        parts.push(histograms(chosen.as_ref(), threshold, &mut groups)?);
    }
    let mut counting = Counting::new(work, groups, Method::Buckets, Which::Good);
    for (batches, histograms) in parts {
        let each = |tally: &mut Tally, batch: &Batch<'_>| {
            let from = histograms.partition_point(|h| h.first() < batch.positions.start);
            let inside = histograms[from..].iter();
            for histogram in inside.take_while(|h| h.first() < batch.positions.end) {
                count_one(tally, batch, histogram)?;
            }
            Ok(())
        };
        counting.floats(&batches, &each)?;
    }
    Ok(counting.finish())
}

fn count_one(tally: &mut Tally, batch: &Batch<'_>, histogram: &Histogram) -> Result<()> {
    // Each bucket is born by itself, so they are told of one inside the other.
    let with = |positions: &[u32], next: &mut dyn FnMut(&[Series<'_>]) -> Result<()>| {
        let (mut done, mut met) = (Ok(()), false);
        batch.counter_of(positions, &mut |lives| {
            met = true;
            done = next(lives);
        })?;
        if met { done } else { next(&[]) }
    };
    with(&histogram.total, &mut |total| {
        with(&histogram.lower, &mut |lower| {
            with(&histogram.upper, &mut |upper| {
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

/// The histograms of a selection, those of a batch together, and the buckets of them that matter.
fn histograms<'a>(
    chosen: &'a dyn Chosen,
    threshold: f64,
    groups: &mut Groups<'a>,
) -> Result<(Batches, Vec<Histogram>)> {
    let mut found: HashMap<Labels, BTreeMap<Bound, Vec<u32>>> = HashMap::new();
    for at in 0..chosen.len() {
        let labels = chosen.labels(at);
        let Some(bound) = labels.get(LE).and_then(Bound::parse) else {
            continue;
        };
        let buckets = found.entry(without_le(labels)?).or_default();
        buckets.entry(bound).or_default().push(at as u32);
    }
    let mut histograms = Vec::with_capacity(found.len());
    for buckets in found.into_values() {
        let bounds: Vec<f64> = buckets.keys().map(|bound| bound.value()).collect();
        // Without the bucket of all events nothing is known.
        let Some(plan) = BucketPlan::new(&bounds, threshold) else {
            continue;
        };
        let positions: Vec<Vec<u32>> = buckets.into_values().collect();
        let of = |bucket: Option<usize>| bucket.map_or_else(Vec::new, |i| positions[i].clone());
        let total = of(Some(plan.total));
        histograms.push(Histogram {
            plan,
            group: groups.of(chosen.labels(total[0] as usize)),
            total,
            lower: of(plan.lower),
            upper: of(Some(plan.upper).filter(|_| !plan.is_exact())),
        });
    }
    histograms.sort_by_key(Histogram::first);
    let sets = histograms.iter_mut().map(|histogram| {
        let positions = histogram.positions().map(|at| *at);
        positions.collect::<BTreeSet<_>>()
    });
    let (batches, places) = Batches::of_sets(chosen, sets);
    for at in histograms.iter_mut().flat_map(Histogram::positions) {
        *at = places[*at as usize];
    }
    Ok((batches, histograms))
}

fn without_le(labels: LabelsRef<'_>) -> Result<Labels> {
    let rest = labels.iter().filter(|(name, _)| *name != LE);
    Labels::new(rest).map_err(|e| Error::internal("labels of a series").with_source(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MemoryStore;

    #[test]
    fn histograms_that_lie_across_each_other_are_read_in_batches() {
        let mut store = MemoryStore::default();
        for (at, le) in ["0.1", "0.5", "1", "+Inf"].into_iter().enumerate() {
            for route in 0..40 {
                let samples = (0..500).map(|t| (t, at as f64)).collect();
                let route = route.to_string();
                store.push(
                    &[("__name__", "took"), ("le", le), ("route", &route)],
                    samples,
                );
            }
        }
        let by = ["route".to_owned()];
        let mut groups = Groups::by(&by);
        let (batches, histograms) = histograms(&store, 0.7, &mut groups).expect("read");
        assert_eq!((batches.chosen.len(), histograms.len()), (120, 40));
        assert!(batches.ranges.len() > 5, "{:?}", batches.ranges);
        for mut histogram in histograms {
            let first = histogram.first();
            let batch = batches.ranges.iter().find(|range| range.contains(&first));
            let batch = batch.expect("in a batch").clone();
            let route = batches.chosen.labels(first).get("route");
            for (at, le) in histogram.positions().zip(["+Inf", "0.5", "1"]) {
                let labels = batches.chosen.labels(*at as usize);
                assert!(batch.contains(&(*at as usize)));
                assert_eq!((labels.get("route"), labels.get("le")), (route, Some(le)));
            }
        }
        let in_order = |range: &std::ops::Range<usize>| {
            let labels: Vec<_> = range.clone().map(|at| batches.chosen.labels(at)).collect();
            labels.is_sorted()
        };
        assert!(batches.ranges.iter().all(in_order));
    }
}
