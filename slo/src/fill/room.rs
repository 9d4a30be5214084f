//! How much time is counted at once, so that the slices of all groups fit into memory.

use narthex_model::{Error, Result};

use super::groups::Groups;
use super::{FillOptions, NEAR_MS, to_read};
use crate::count::Grid;
use crate::spec::{Counted, Indicator, Slo};
use crate::store::Store;

/// An SLO has no more groups than this at a time: each takes some megabytes where it is asked about.
const GROUPS_MAX: usize = 1000;

/// Slices that are counted at once, of all groups and threads: 200 MB.
const SLICES_MAX: usize = 1 << 22;

/// As much of the beginning of `grid` as can be counted at once.
///
/// # Errors
/// Whatever the store says; `Limit` if there are too many groups at a time.
pub(super) fn fitting(
    store: &dyn Store,
    slo: &Slo,
    grid: Grid,
    options: FillOptions,
) -> Result<Grid> {
    // Each thread counts for itself, and all is added up in one more.
    let room = |groups: usize| slices(groups * (options.threads + 2));
    let all = groups(store, slo, grid, options)?;
    if all <= GROUPS_MAX && grid.len <= room(all) {
        return Ok(grid);
    }
    let near = FillOptions {
        ahead_ms: options.ahead_ms.min(NEAR_MS),
        ..options
    };
    let mut short = grid;
    let mut met = match near.ahead_ms == options.ahead_ms {
        true => all,
        false => groups(store, slo, short, near)?,
    };
    // Groups come and go: fewer are there in a shorter time.
    while met > GROUPS_MAX && short.len > 1 {
        short.len /= 2;
        met = groups(store, slo, short, near)?;
    }
    check(slo, met)?;
    short.len = short.len.min(room(met));
    // Those that come later count for nothing, but take room.
    short.len = short.len.min(room(groups(store, slo, short, options)?));
    Ok(short)
}

/// How many slices there is room for in so many columns.
pub(super) fn slices(columns: usize) -> usize {
    (SLICES_MAX / columns.max(1)).max(1)
}

/// Whether an SLO may have so many groups.
pub(super) fn check(slo: &Slo, groups: usize) -> Result<()> {
    if groups <= GROUPS_MAX {
        return Ok(());
    }
    let by = slo.group_by.join(", ");
    Err(Error::limit(format!(
        "{groups} groups by {by}, of at most {GROUPS_MAX}: group by labels with fewer values, or select fewer series"
    )))
}

/// How many groups the series have that are read for `grid`; of queries that is not known before.
fn groups(store: &dyn Store, slo: &Slo, grid: Grid, options: FillOptions) -> Result<usize> {
    let counted: &[&Counted] = match &slo.indicator {
        Indicator::Events { total, some, .. } => &[total, some],
        Indicator::Latency { buckets: of, .. }
        | Indicator::NativeLatency { histograms: of, .. }
        | Indicator::Gauge { gauges: of, .. } => &[of],
        _ => &[],
    };
    if slo.group_by.is_empty() {
        return Ok(1);
    }
    let read = to_read(slo, &grid, options);
    let selectors = counted.iter().flat_map(|counted| &counted.0);
    let chosen: Result<Vec<_>> = selectors
        .map(|selector| store.select(&selector.matchers, read))
        .collect();
    let chosen = chosen?;
    let mut groups = Groups::by(&slo.group_by);
    for chosen in &chosen {
        groups.numbers(chosen.as_ref());
    }
    Ok(groups.len())
}

#[cfg(test)]
mod tests {
    use narthex_model::{ErrorKind, TimeRange};

    use super::*;
    use crate::testing::MemoryStore;
    use crate::{Options, Text, parse};

    const MINUTE: i64 = 60_000;

    fn fit(groups: usize, minutes: i64) -> Result<usize> {
        let mut store = MemoryStore::default();
        for pod in 0..groups {
            store.push(&labels(&pod.to_string()), vec![(MINUTE, 1.0)]);
        }
        let options = FillOptions::threads(2);
        Ok(fit_into(&store, minutes, options)?.len)
    }

    fn labels(pod: &str) -> [(&str, &str); 2] {
        [("__name__", "sent_total"), ("pod", pod)]
    }

    fn fit_into(store: &MemoryStore, minutes: i64, options: FillOptions) -> Result<Grid> {
        let text = "{name: a, service: s, objective: 99, window: 30d, group_by: [pod], errors: 'sent_total{code=\"500\"}', total: sent_total}";
        let file = "a.yaml";
        let specs = parse(&[Text { file, text }], &Options::default()).expect("valid");
        let grid = Grid::over(TimeRange::new(0, minutes * MINUTE), MINUTE);
        fitting(store, &specs.slos[0].slo, grid, options)
    }

    #[test]
    fn many_groups_are_counted_in_short_pieces() {
        let month = 30 * 1440;
        assert_eq!(fit(1, month).expect("few"), 43_200);
        assert_eq!(fit(500, month).expect("many"), SLICES_MAX / 2000);
        let error = fit(GROUPS_MAX + 1, month).expect_err("too many");
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(error.to_string().contains("1001 groups by pod"), "{error}");
    }

    #[test]
    fn pods_that_come_and_go_are_not_there_at_a_time() {
        let mut store = MemoryStore::default();
        let days = 30;
        for (day, pod) in (0..days).flat_map(|day| (0..40).map(move |pod| (day, pod))) {
            let hours = (0..4).map(|part| ((day * 4 + part) * 360 * MINUTE, 1.0));
            store.push(&labels(&format!("{day}-{pod}")), hours.collect());
        }
        let near = FillOptions::threads(2);
        let grid = fit_into(&store, days * 1440, near).expect("few at a time");
        assert!((1440..16 * 1440).contains(&grid.len), "{}", grid.len);
        // Many that come long after are in nobody's way.
        for pod in 0..1001 {
            store.push(&labels(&format!("late-{pod}")), vec![(120 * MINUTE, 1.0)]);
        }
        let far = near.far_ahead();
        let grid = fit_into(&store, 60, far).expect("few at a time");
        assert_eq!(grid.len, 60);
        let grid = fit_into(&store, 110, near).expect("few at a time");
        assert_eq!(grid.len, 110);
        fit_into(&store, 130, far).expect("few at first");
    }
}
