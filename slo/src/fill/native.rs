//! Events not slower than a threshold, by native histograms.

use narthex_model::Result;

use super::counting::Counting;
use super::groups::Groups;
use super::{Filled, Work};
use crate::count::{Method, NativeSeries};
use crate::spec::{Counted, Which};

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
                series.clear();
                chosen.read_histograms(at, &mut |t, histogram| {
                    series.push(t, histogram, threshold);
                })?;
                tally.native(*group, &series, None);
                Ok(series.len() as u64)
            })?;
        }
    }
    Ok(counting.finish())
}
