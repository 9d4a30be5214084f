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

/// As much of the beginning of `grid` as can be counted at once, and how.
///
/// # Errors
/// Whatever the store says; `Limit` if there are too many groups.
pub(super) fn fitting(
    store: &dyn Store,
    slo: &Slo,
    grid: Grid,
    options: FillOptions,
) -> Result<(Grid, FillOptions)> {
    let groups = groups(store, slo, grid, options)?;
    check(slo, groups)?;
    // Each thread counts for itself, and all is added up in one more.
    let slices = (SLICES_MAX / (groups.max(1) * (options.threads + 2))).max(1);
    if grid.len <= slices {
        return Ok((grid, options));
    }
    let options = FillOptions {
        ahead_ms: options.ahead_ms.min(NEAR_MS),
        ..options
    };
    Ok((
        Grid {
            len: slices,
            ..grid
        },
        options,
    ))
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
        let text = "{name: a, service: s, objective: 99, window: 30d, group_by: [pod], errors: 'sent_total{code=\"500\"}', total: sent_total}";
        let file = "a.yaml";
        let specs = parse(&[Text { file, text }], &Options::default()).expect("valid");
        let mut store = MemoryStore::default();
        for pod in 0..groups {
            let labels = [("__name__", "sent_total"), ("pod", &pod.to_string())];
            store.push(&labels, vec![(MINUTE, 1.0)]);
        }
        let grid = Grid::over(TimeRange::new(0, minutes * MINUTE), MINUTE);
        let options = FillOptions::threads(2);
        Ok(fitting(&store, &specs.slos[0].slo, grid, options)?.0.len)
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
}
