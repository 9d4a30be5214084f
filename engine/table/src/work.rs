//! Which series are read together, and by which partition: the work descriptors of a scan.
//!
//! A descriptor is a range of positions of a selection. Descriptors travel as a small table, so that the reader is an
//! ordinary operator over an ordinary source and any engine that distributes plans hands each to exactly one task.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow::array::{AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::common::Result;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::ExecutionPlan;
use narthex_engine::Selection;

/// What a series costs beside its samples, as a number of samples.
const SERIES_COST_SAMPLES: u64 = 32;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let column = |name| Field::new(name, DataType::UInt64, false);
    Arc::new(Schema::new(vec![column("start"), column("end")]))
});

/// Bounds of what one descriptor covers. A single series may have more samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkLimits {
    /// At most this many series.
    pub(crate) series_max: usize,
    /// At most this many samples, unless one series alone has more.
    pub(crate) samples_max: u64,
}

/// Cuts `selection` into ranges, dealt out to at most `partitions` partitions in order and by cost. There is at least one
/// partition, and none of several is empty.
pub(crate) fn cut(
    selection: &Selection,
    partitions: usize,
    limits: WorkLimits,
) -> Vec<Vec<Range<usize>>> {
    let costs = selection.samples_max_of_each().iter().copied();
    cut_costs(costs, partitions, limits)
}

/// As [`cut`], given at most how many samples each series has.
pub(crate) fn cut_costs(
    samples: impl Iterator<Item = u64> + Clone,
    partitions: usize,
    limits: WorkLimits,
) -> Vec<Vec<Range<usize>>> {
    let cost = |samples: u64| u128::from(samples.saturating_add(SERIES_COST_SAMPLES));
    let total: u128 = samples.clone().map(cost).sum::<u128>().max(1);
    let mut out: Vec<Vec<Range<usize>>> = Vec::new();
    let (mut begins, mut before, mut held) = (0_u128, 0_u128, 0_u64);
    for (at, samples) in samples.enumerate() {
        let middle = before + cost(samples) / 2;
        before += cost(samples);
        if middle >= begins {
            let partition = middle * partitions.max(1) as u128 / total;
            // Where the next partition begins: there is a division for each of these, none for each series.
            begins = ((partition + 1) * total).div_ceil(partitions.max(1) as u128);
            out.push(Vec::new());
        }
        let Some(ranges) = out.last_mut() else {
            continue;
        };
        match ranges.last_mut() {
            Some(last)
                if last.len() < limits.series_max
                    && held.saturating_add(samples) <= limits.samples_max =>
            {
                last.end = at + 1;
                held += samples;
            }
            _ => {
                ranges.push(at..at + 1);
                held = samples;
            }
        }
    }
    if out.is_empty() {
        vec![Vec::new()]
    } else {
        out
    }
}

/// A source that yields the descriptors of each partition.
pub(crate) fn source(partitions: &[Vec<Range<usize>>]) -> Result<Arc<dyn ExecutionPlan>> {
    let batches = partitions
        .iter()
        .map(|ranges| Ok(vec![encode(ranges)?]))
        .collect::<Result<Vec<_>>>()?;
    let plan = MemorySourceConfig::try_new_exec(&batches, SCHEMA.clone(), None)?;
    Ok(plan)
}

fn encode(ranges: &[Range<usize>]) -> Result<RecordBatch> {
    let starts = UInt64Array::from_iter_values(ranges.iter().map(|r| r.start as u64));
    let ends = UInt64Array::from_iter_values(ranges.iter().map(|r| r.end as u64));
    Ok(RecordBatch::try_new(
        SCHEMA.clone(),
        vec![Arc::new(starts), Arc::new(ends)],
    )?)
}

/// The ranges in a batch of descriptors.
///
/// # Errors
/// Something else than descriptors, which is our bug.
pub(crate) fn decode(batch: &RecordBatch) -> Result<Vec<Range<usize>>> {
    let [starts, ends] = batch.columns() else {
        return Err(DataFusionError::Internal(
            "a work descriptor has two columns".to_owned(),
        ));
    };
    let (starts, ends) = (
        starts.as_primitive::<UInt64Type>(),
        ends.as_primitive::<UInt64Type>(),
    );
    Ok(starts
        .values()
        .iter()
        .zip(ends.values())
        .map(|(&start, &end)| start as usize..end as usize)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: WorkLimits = WorkLimits {
        series_max: 3,
        samples_max: 1000,
    };

    #[test]
    fn every_series_once_and_in_order() {
        let samples: Vec<u64> = (0..40).map(|i| (i * 7919) % 700).collect();
        for partitions in [1, 2, 5, 64] {
            let parts = cut_costs(samples.iter().copied(), partitions, LIMITS);
            assert!(parts.len() <= partitions && parts.iter().all(|p| !p.is_empty()));
            let flat: Vec<usize> = parts.iter().flatten().flat_map(Clone::clone).collect();
            assert_eq!(flat, (0..40).collect::<Vec<_>>());
            for range in parts.iter().flatten() {
                let held: u64 = samples[range.clone()].iter().sum();
                assert!(
                    range.len() <= 3 && (held <= 1000 || range.len() == 1),
                    "{range:?} has {held}"
                );
            }
        }
    }

    #[test]
    fn large_series_balance_many_small_ones() {
        let samples = [900_u64, 100, 100, 100, 100, 100, 100, 100, 100, 100];
        let parts = cut_costs(samples.into_iter(), 2, LIMITS);
        assert_eq!((parts.len(), parts[0].last()), (2, Some(&(0..2))));
        assert_eq!(
            cut_costs([].into_iter(), 4, LIMITS),
            [Vec::<Range<usize>>::new()]
        );
    }

    #[test]
    fn descriptors_survive_the_table() {
        let ranges = vec![0..3, 3..7];
        assert_eq!(
            decode(&encode(&ranges).expect("encodes")).expect("decodes"),
            ranges
        );
    }
}
