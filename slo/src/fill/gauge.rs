//! Samples of gauges that compare well.

use narthex_model::Result;

use super::batches::{Batch, Batches};
use super::counting::Counting;
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
    let all = work.select_all(gauges)?;
    let all: Vec<_> = all.into_iter().map(Batches::by_times).collect();
    let mut groups = Groups::by(&work.slo.group_by);
    let numbers: Vec<Vec<usize>> = all
        .iter()
        .map(|batches| groups.numbers(batches.chosen.as_ref()))
        .collect();
    let mut counting = Counting::new(work, groups, method, Which::Good);
    for (batches, numbers) in all.iter().zip(&numbers) {
        let each = |tally: &mut Tally, batch: &Batch<'_>| {
            for position in batch.positions.clone() {
                batch.gauge(position, &mut |series| {
                    count(tally, numbers[position], rule, series);
                })?;
            }
            Ok(())
        };
        counting.floats(batches, &each)?;
    }
    Ok(counting.finish())
}
