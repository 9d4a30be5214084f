//! Slices counted by PromQL, evaluated once for each slice with a window as long as it.

use std::collections::BTreeMap;

use narthex_model::{Error, Labels, Result, format_duration, is_stale, stale_nan};

use super::groups::group;
use super::{Filled, Work, room};
use crate::count::{of_queries, of_ratio};
use crate::ledger::Track;
use crate::promql::are_rates;
use crate::spec::Which;

/// A value of each slice, of each group; a stale marker: none.
type Columns = BTreeMap<Labels, Vec<f64>>;

pub(super) fn events(work: Work<'_>, total: &str, some: &str, which: Which) -> Result<Filled> {
    let rates = are_rates(total, some);
    let (mut total, mut some) = (columns(work, total)?.0, columns(work, some)?.0);
    if rates {
        let seconds = work.grid.step as f64 / 1000.0;
        let columns = total.values_mut().chain(some.values_mut());
        columns
            .flatten()
            .filter(|value| !value.is_nan())
            .for_each(|value| *value *= seconds);
    }
    let tracks = total.into_iter().map(|(group, total)| {
        let some = some.remove(&group).unwrap_or_default();
        let slices = of_queries(work.grid, &total, &some, which);
        Track { group, slices }
    });
    Ok(filled(work, tracks.collect()))
}

pub(super) fn ratio(work: Work<'_>, query: &str) -> Result<Filled> {
    let (columns, added) = columns(work, query)?;
    if added {
        let message = "the query of an error ratio gives several series, which cannot be added up: aggregate them in the query, or name the \
                       labels that tell them apart in group_by";
        return Err(Error::invalid(message));
    }
    room::check(work.slo, columns.len())?;
    let tracks = columns.into_iter().map(|(group, errors)| {
        let slices = of_ratio(work.grid, &errors);
        Track { group, slices }
    });
    Ok(filled(work, tracks.collect()))
}

fn filled(work: Work<'_>, tracks: Vec<Track>) -> Filled {
    Filled {
        span: work.grid.range(),
        reaches_back_to: work.grid.start,
        reaches_ahead_to: work.grid.end(),
        series: tracks.len(),
        samples: (tracks.len() * work.grid.len) as u64,
        tracks,
    }
}

/// What a query gives, added up within groups, and whether anything was added.
fn columns(work: Work<'_>, query: &str) -> Result<(Columns, bool)> {
    let window = format_duration(work.grid.step);
    let given = work
        .store
        .evaluate(&crate::promql::fill(query, &window), work.grid)?;
    let (mut all, mut added) = (Columns::new(), false);
    for (labels, values) in given {
        let group = group(&work.slo.group_by, labels.as_ref());
        let nothing = || vec![stale_nan(); work.grid.len];
        let column = all.entry(group).or_insert_with(nothing);
        for (to, value) in column.iter_mut().zip(values) {
            added |= add(to, value);
        }
    }
    Ok((all, added))
}

/// Adds a value to what there is; returns whether both are numbers.
fn add(to: &mut f64, value: f64) -> bool {
    let both = !to.is_nan() && !value.is_nan();
    if both {
        *to += value;
    } else if is_stale(*to) || (to.is_nan() && !value.is_nan()) {
        *to = value;
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_added_and_what_is_none_is_something() {
        let nothing = stale_nan();
        for (a, b, sum) in [
            (1.0, 2.0, Some(3.0)),
            (nothing, 2.0, Some(2.0)),
            (2.0, nothing, Some(2.0)),
            (f64::NAN, 2.0, Some(2.0)),
            (2.0, f64::NAN, Some(2.0)),
            (nothing, f64::NAN, None),
            (f64::NAN, nothing, None),
        ] {
            let mut to = a;
            let both = add(&mut to, b);
            assert_eq!(both, !a.is_nan() && !b.is_nan());
            assert_eq!((!to.is_nan()).then_some(to), sum);
            assert!(!is_stale(to));
        }
        let mut to = nothing;
        assert!(!add(&mut to, nothing) && is_stale(to));
    }
}
