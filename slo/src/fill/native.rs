//! Events not slower than a threshold, by native histograms.

use narthex_model::Result;

use super::groups::Groups;
use super::{Filled, Work};
use crate::count::{Method, NativeSeries, Tally};
use crate::spec::{Counted, Which};

pub(super) fn count(work: Work<'_>, histograms: &Counted, threshold: f64) -> Result<Filled> {
    let all: Result<Vec<_>> = histograms
        .0
        .iter()
        .map(|selector| work.store.select(&selector.matchers, work.range()))
        .collect();
    let all = all?;
    let mut groups = Groups::by(&work.slo.group_by);
    let mut numbers = Vec::new();
    for chosen in &all {
        numbers.extend((0..chosen.len()).map(|at| groups.of(chosen.labels(at))));
    }
    let mut tally = Tally::new(
        work.grid,
        groups.len(),
        Method::NativeHistograms,
        Which::Good,
    );
    let mut numbers = numbers.into_iter();
    let (mut series, mut read) = (NativeSeries::default(), 0);
    for chosen in &all {
        for at in 0..chosen.len() {
            series.clear();
            chosen.read_histograms(at, &mut |t, histogram| {
                series.push(t, histogram, threshold);
                read += 1;
            })?;
            let group = numbers.next().unwrap_or_default();
            tally.native(group, &series, None);
        }
    }
    let reaches_back_to = tally.reaches_back_to();
    Ok(Filled {
        tracks: groups.tracks(tally),
        reaches_back_to,
        series: all.iter().map(|chosen| chosen.len()).sum(),
        samples: read,
    })
}
