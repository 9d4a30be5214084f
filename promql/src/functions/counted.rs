//! Which samples each step looks at: `prom_counted(times, values, first_end, interval, steps, range[, lookback][, histograms])`
//! gives the times back and counts. It stands in a plan only where somebody wants to know.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use narthex_model::is_stale;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use super::series::SampleLists;
use crate::histogram::{Buckets, FloatHistogram};
use crate::kernels::windows::BoundsCache;
use crate::mixed::HistogramLists;

/// How many samples each step of a query looked at.
#[derive(Debug, Clone)]
pub(crate) struct SampleCounts(Arc<Mutex<Vec<u64>>>);

/// How the samples of a window count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Looks {
    /// The newest one, if it is no stale marker.
    AtNewest,
    /// All that are no stale markers.
    AtAll,
}

impl SampleCounts {
    /// None yet at `steps` steps.
    pub(crate) fn new(steps: usize) -> Self {
        Self(Arc::new(Mutex::new(vec![0; steps])))
    }

    /// How many by now, by step.
    pub(crate) fn read(&self) -> Vec<u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }

    /// Adds the counts of all steps; what is the same at all of them comes as one.
    fn add(&self, more: &[u64]) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let more = more.iter().cycle();
        counts.iter_mut().zip(more).for_each(|(to, n)| *to += n);
    }
}

impl PartialEq for SampleCounts {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SampleCounts {}

impl Hash for SampleCounts {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Counted {
    /// Where it counts.
    pub(crate) counts: SampleCounts,
    /// What it counts.
    pub(crate) looks: Looks,
    /// The position of histograms, if there may be any.
    pub(crate) histograms: Option<usize>,
}

impl PlanFunction for Counted {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_counted".into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.at(0).cloned()
    }

    fn has_effect(&self) -> bool {
        true
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let floats = SampleLists::read(arguments)?;
        let histograms = self.histograms.map(|at| arguments.histograms(at));
        let histograms = histograms.transpose()?;
        let windows = arguments.windows()?;
        let mut counts = vec![0; windows.steps];
        let mut cache = BoundsCache::new(windows.clone());
        for row in 0..arguments.rows() {
            let (times, values) = floats.row(row);
            let lists = histograms
                .as_ref()
                .filter(|lists| !lists.at(row).is_empty());
            match lists {
                Some(lists) => {
                    let samples = sizes(times, values, lists, row);
                    self.count(
                        &samples,
                        &mut BoundsCache::new(windows.clone()),
                        &mut counts,
                    );
                }
                None => self.count_floats(times, values, &mut cache, &mut counts),
            }
        }
        self.counts.add(&counts);
        arguments.column(0)
    }
}

impl Counted {
    fn count_floats(
        &self,
        times: &[i64],
        values: &[f64],
        cache: &mut BoundsCache,
        counts: &mut [u64],
    ) {
        if self.looks == Looks::AtAll && values.iter().any(|v| is_stale(*v)) {
            let live = times.iter().zip(values).filter(|(_, v)| !is_stale(**v));
            let times: Vec<i64> = live.map(|(t, _)| *t).collect();
            return add_lengths(cache.bounds(&times).0, counts);
        }
        let (bounds, _) = cache.bounds(times);
        match self.looks {
            Looks::AtAll => add_lengths(bounds, counts),
            Looks::AtNewest => {
                for (count, (lo, hi)) in counts.iter_mut().zip(bounds) {
                    let newest = values.get(*lo as usize..*hi as usize);
                    let newest = newest.and_then(<[f64]>::last);
                    *count += u64::from(newest.is_some_and(|v| !is_stale(*v)));
                }
            }
        }
    }

    /// Counts samples of both kinds, each with what it counts: 0 for a stale marker.
    fn count(&self, samples: &[(i64, u64)], cache: &mut BoundsCache, counts: &mut [u64]) {
        let times: Vec<i64> = samples.iter().map(|(t, _)| *t).collect();
        let (bounds, _) = cache.bounds(&times);
        for (count, (lo, hi)) in counts.iter_mut().zip(bounds) {
            let inside = samples.get(*lo as usize..*hi as usize).unwrap_or(&[]);
            let inside = match self.looks {
                Looks::AtAll => inside,
                Looks::AtNewest => inside.last().map_or(&[][..], std::slice::from_ref),
            };
            *count += inside.iter().map(|(_, size)| size).sum::<u64>();
        }
    }
}

fn add_lengths(bounds: &[(u32, u32)], counts: &mut [u64]) {
    for (count, (lo, hi)) in counts.iter_mut().zip(bounds) {
        *count += u64::from(hi - lo);
    }
}

/// All samples of a series in time, with what each counts.
fn sizes(times: &[i64], values: &[f64], lists: &HistogramLists, row: usize) -> Vec<(i64, u64)> {
    let floats = times.iter().zip(values);
    let floats = floats.map(|(t, v)| (*t, u64::from(!is_stale(*v))));
    let histograms = lists.at(row).iter().zip(lists.sums(row)).enumerate();
    let histograms = histograms.map(|(position, (t, sum))| match is_stale(*sum) {
        true => (*t, 0),
        false => (*t, size(&lists.get(row, position))),
    });
    let mut samples: Vec<_> = floats.chain(histograms).collect();
    samples.sort_unstable_by_key(|(t, _)| *t);
    samples
}

/// As how many floats a histogram counts: by the memory that Prometheus needs for it, 16 bytes a float.
fn size(histogram: &FloatHistogram) -> u64 {
    const FIXED_BYTES: usize = 168;
    const TIME_BYTES: usize = 8;
    let side = |buckets: &Buckets| {
        let runs = buckets.index.chunk_by(|a, b| a + 1 == *b).count();
        8 * (runs + buckets.count.len())
    };
    let bounds = 8 * histogram.bounds.len();
    let bytes = FIXED_BYTES + side(&histogram.positive) + side(&histogram.negative) + bounds;
    ((bytes + TIME_BYTES) / 16) as u64
}
