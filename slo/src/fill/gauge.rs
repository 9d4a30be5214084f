//! Samples of gauges that compare well.

use narthex_model::Result;

use super::batches::{Batch, batches, count_all};
use super::groups::Groups;
use super::{Filled, Work};
use crate::count::{GaugeRule, Method, Series, Tally, by_sample, by_time};
use crate::spec::{Comparison, Counted, Which};

pub(super) fn count(
    work: Work<'_>,
    gauges: &Counted,
    (comparison, value): (Comparison, f64),
    weighed: bool,
) -> Result<Filled> {
    let rule = GaugeRule { comparison, value };
    let (method, count): (_, fn(&mut Tally, usize, GaugeRule, Series<'_>)) = match weighed {
        true => (Method::GaugeTime, by_time),
        false => (Method::GaugeSamples, by_sample),
    };
    let all: Result<Vec<_>> = gauges
        .0
        .iter()
        .map(|selector| work.store.select(&selector.matchers, work.range()))
        .collect();
    let all = all?;
    let mut groups = Groups::by(&work.slo.group_by);
    let numbers: Vec<Vec<usize>> = all
        .iter()
        .map(|chosen| {
            (0..chosen.len())
                .map(|at| groups.of(chosen.labels(at)))
                .collect()
        })
        .collect();
    let empty = || Tally::new(work.grid, groups.len(), method, Which::Good);
    let mut tally = empty();
    for (chosen, numbers) in all.iter().zip(&numbers) {
        let each = |tally: &mut Tally, batch: &Batch<'_>| {
            for position in batch.positions.clone() {
                let (timestamps, values) = batch.plain(position);
                let series = Series {
                    timestamps,
                    values,
                    born: None,
                };
                count(tally, numbers[position], rule, series);
            }
            Ok(())
        };
        let chosen = chosen.as_ref();
        let batches = batches(chosen, |_| false);
        tally.merge(&count_all(work, chosen, &batches, &empty, &each)?);
    }
    let reaches_back_to = tally.reaches_back_to();
    let series = all.iter().map(|chosen| chosen.len()).sum();
    let costs = all
        .iter()
        .flat_map(|chosen| (0..chosen.len()).map(|at| chosen.cost(at)));
    let samples = costs.sum();
    Ok(Filled {
        tracks: groups.tracks(tally),
        reaches_back_to,
        series,
        samples,
    })
}
