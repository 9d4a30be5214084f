//! Events not slower than a threshold, by native histograms.

use narthex_model::{LabelsRef, Result};

use super::births::{Before, near_last};
use super::counting::Counting;
use super::groups::Groups;
use super::lives::{lives, may_end, was_there};
use super::{Filled, Work};
use crate::count::{Method, NativeLife, NativeSeries, Series};
use crate::spec::{Counted, Which};
use crate::store::Chosen;

pub(super) fn count(work: Work<'_>, histograms: &Counted, threshold: f64) -> Result<Filled> {
    let all = work.select_all(histograms)?;
    let mut groups = Groups::by(&work.slo.group_by);
    let numbers: Vec<Vec<usize>> = all
        .iter()
        .map(|chosen| groups.numbers(chosen.as_ref()))
        .collect();
    let mut counting = Counting::new(work, groups, Method::NativeHistograms, Which::Good);
    let mut series = NativeSeries::default();
    for (chosen, numbers) in all.iter().zip(&numbers) {
        for (at, group) in numbers.iter().enumerate() {
            counting.one(|tally| {
                read(chosen.as_ref(), at, threshold, &mut series)?;
                let read = series.len() as u64;
                let lives = begun(work, chosen.labels(at), threshold, &mut series)?;
                tally.native(*group, &series, &lives);
                Ok(read)
            })?;
        }
    }
    Ok(counting.finish())
}

fn read(chosen: &dyn Chosen, at: usize, threshold: f64, into: &mut NativeSeries) -> Result<()> {
    into.clear();
    chosen.read_histograms(at, &mut |t, histogram| into.push(t, histogram, threshold))
}

/// The lives of a histogram, after what was before its samples is put there: by the rules of counters, of which its count is one.
fn begun(
    work: Work<'_>,
    labels: LabelsRef<'_>,
    threshold: f64,
    series: &mut NativeSeries,
) -> Result<Vec<NativeLife>> {
    let earlier = |chosen: &dyn Chosen, at: usize| {
        let mut earlier = NativeSeries::default();
        read(chosen, at, threshold, &mut earlier)?;
        let from = near_last(earlier.counter().values, f64::is_finite);
        Ok(from.map(|from| (earlier, from)))
    };
    let mut born = None;
    let first = series.counter().timestamps.first().copied();
    let is_new = !was_there(series.counter(), work.grid.start, f64::is_finite);
    if let Some(first) = first.filter(|_| is_new) {
        match work.births.before(labels, first, earlier)? {
            Before::Unknown => {}
            Before::Born(at) => born = Some(at),
            Before::Samples((earlier, from)) => series.put_before(&earlier, from),
        }
    }
    let whole = Series {
        born,
        ..series.counter()
    };
    let lives = match may_end(whole) {
        true => lives(work.births, labels, whole)?,
        false => vec![whole],
    };
    let lives = lives.into_iter().scan(0, |from, life| {
        let samples = *from..*from + life.timestamps.len();
        *from = samples.end;
        let born = life.born;
        Some(NativeLife { samples, born })
    });
    Ok(lives.collect())
}

#[cfg(test)]
mod tests;
