//! Slices counted by PromQL, evaluated once for each slice with a window as long as it.

use std::collections::BTreeMap;

use narthex_model::{Error, Labels, Result, format_duration, is_stale, stale_nan};

use super::groups::group;
use super::{Filled, Work, room};
use crate::count::{Grid, of_queries, of_ratio};
use crate::ledger::Track;
use crate::promql::are_rates;
use crate::spec::Which;

/// So few slices are asked for without asking first how many series there are.
const FEW_SLICES: usize = 60;

/// A value of each slice, of each group; a stale marker: none.
type Columns = BTreeMap<Labels, Vec<f64>>;

pub(super) fn events(work: Work<'_>, total: &str, some: &str, which: Which) -> Result<Filled> {
    let rates = are_rates(total, some);
    let (work, [(mut total, _), (mut some, _)]) = fitting(work, [total, some])?;
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
    let (work, [(columns, added)]) = fitting(work, [query])?;
    if added {
        let message = "the query of an error ratio gives several series, which cannot be added up: aggregate them in the query, or name the \
                       labels that tell them apart in group_by";
        return Err(Error::invalid(message));
    }
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

/// What queries give for as much of the beginning of the slices as there is room for.
fn fitting<'a, const N: usize>(
    mut work: Work<'a>,
    queries: [&str; N],
) -> Result<(Work<'a>, [(Columns, bool); N])> {
    let mut series = 0;
    for query in queries {
        series += most_series(work, query)?;
    }
    // What a query gives, and that added up.
    work.grid.len = work.grid.len.min(room::slices(2 * series));
    loop {
        let mut all = std::array::from_fn(|_| (Columns::new(), false));
        for (of, query) in all.iter_mut().zip(queries) {
            *of = columns(work, query)?;
        }
        let groups = all.iter().map(|(columns, _)| columns.len()).max();
        let checked = room::check(work.slo, groups.unwrap_or(0));
        // Groups come and go: fewer are there in a shorter time.
        match checked {
            Err(_) if work.grid.len > 1 => work.grid.len /= 2,
            checked => return checked.map(|()| (work, all)),
        }
    }
}

/// How many series a query gives at a time: of few slices whatever they are, of many that of some of them.
fn most_series(work: Work<'_>, query: &str) -> Result<usize> {
    let grid = work.grid;
    if grid.len <= FEW_SLICES {
        return Ok(0);
    }
    let mut most = 0;
    for slice in [0, grid.len / 2, grid.len - 1] {
        let (start, len) = (grid.edge(slice), 1);
        most = most.max(evaluated(work, query, Grid { start, len, ..grid })?.len());
    }
    Ok(most)
}

fn evaluated(work: Work<'_>, query: &str, grid: Grid) -> Result<Vec<(Labels, Vec<f64>)>> {
    let window = format_duration(grid.step);
    work.store
        .evaluate(&crate::promql::fill(query, &window), grid)
}

/// What a query gives, added up within groups, and whether anything was added.
fn columns(work: Work<'_>, query: &str) -> Result<(Columns, bool)> {
    let given = evaluated(work, query, work.grid)?;
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
    use narthex_model::{Matcher, TimeRange};

    use super::*;
    use crate::fill::{FillOptions, fill};
    use crate::store::{Chosen, Store};
    use crate::{Options, Text, parse};

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

    /// A store that gives so many series at a time, others each day.
    struct Pods(usize, std::sync::Mutex<usize>);

    impl Store for Pods {
        fn select(&self, _: &[Matcher], _: TimeRange) -> Result<Box<dyn Chosen>> {
            Err(Error::invalid("this store knows PromQL alone"))
        }

        fn evaluate(&self, _: &str, grid: Grid) -> Result<Vec<(Labels, Vec<f64>)>> {
            let day = |t: i64| t.div_euclid(86_400_000);
            let days = day(grid.start)..=day(grid.end() - 1);
            let names = days.flat_map(|day| (0..self.0).map(move |pod| format!("{day}-{pod}")));
            let labels = |pod: String| Labels::new([("pod", pod.as_str())]).expect("valid");
            let series: Vec<_> = names
                .map(|pod| (labels(pod), vec![1.0; grid.len]))
                .collect();
            let mut most = self.1.lock().expect("unpoisoned");
            *most = (*most).max(series.len() * grid.len);
            Ok(series)
        }

        fn span(&self) -> Option<TimeRange> {
            None
        }
    }

    #[test]
    fn many_series_are_asked_for_in_short_pieces() {
        let text =
            "{name: a, service: s, objective: 99, window: 30d, group_by: [pod], error_ratio: a}";
        let file = "a.yaml";
        let specs = parse(&[Text { file, text }], &Options::default()).expect("valid");
        let slo = &specs.slos[0].slo;
        let count = |pods: usize| {
            let store = Pods(pods, Default::default());
            let month = TimeRange::new(0, 30 * 86_400_000);
            let filled = fill(&store, slo, month, FillOptions::threads(2));
            let most = *store.1.lock().expect("unpoisoned");
            filled.map(|filled| (filled.span.end / 86_400_000, filled.tracks.len(), most))
        };
        assert_eq!(count(1).expect("few").0, 30);
        let (days, tracks, _) = count(60).expect("few at a time");
        assert!(
            (7..=15).contains(&days) && tracks <= 1000,
            "{days} days, {tracks}"
        );
        let (_, tracks, most) = count(900).expect("few at a time");
        assert!(tracks == 900 && most < 1 << 23, "{tracks}, {most}");
        let error = count(1001).expect_err("too many").to_string();
        assert!(error.contains("1001 groups by pod"), "{error}");
    }
}
