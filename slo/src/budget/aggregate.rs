//! Slices of several groups as those of one.

use std::collections::BTreeMap;

use narthex_model::{Labels, TimeRange};

use crate::count::{Bounds, Grid, Slices};
use crate::fill::group;
use crate::ledger::Track;

/// The slices of all groups together: events are added; of a slice as much was observed as the mean of the groups that had begun and not
/// ended. `None` without groups.
pub fn aggregate(tracks: &[Track]) -> Option<Slices> {
    together(&tracks.iter().map(|track| &track.slices).collect::<Vec<_>>())
}

/// The tracks of groups that are told apart by these labels alone; those that differ by other labels are one group.
pub fn rolled_up(tracks: &[Track], by: &[String]) -> Vec<Track> {
    let mut groups: BTreeMap<Labels, Vec<&Slices>> = BTreeMap::new();
    for track in tracks {
        let group = group(by, track.group.as_ref());
        groups.entry(group).or_default().push(&track.slices);
    }
    let tracks = groups.into_iter().filter_map(|(group, slices)| {
        let slices = together(&slices)?;
        Some(Track { group, slices })
    });
    tracks.collect()
}

fn together(all: &[&Slices]) -> Option<Slices> {
    let (first, rest) = all.split_first()?;
    if rest.is_empty() {
        return Some((*first).clone());
    }
    let grid = common_grid(all.iter().copied(), first.grid.step);
    let mut sum = Slices::empty(grid, first.method);
    let mut there = vec![0.0; grid.len];
    if all.iter().any(|slices| slices.bounds.is_some()) {
        let (low, high) = (sum.good.clone(), sum.good.clone());
        sum.bounds = Some(Bounds { low, high });
    }
    for slices in all {
        let at = grid.index(slices.grid.start);
        let add =
            |to: &mut [f64], from: &[f64]| to[at..].iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut sum.good, &slices.good);
        add(&mut sum.total, &slices.total);
        add(&mut sum.bad, &slices.bad);
        add(&mut sum.observed_ms, &slices.observed_ms);
        if let Some(bounds) = &mut sum.bounds {
            let own = slices.bounds.as_ref();
            add(&mut bounds.low, own.map_or(&slices.good, |b| &b.low));
            add(&mut bounds.high, own.map_or(&slices.good, |b| &b.high));
        }
        let seen = |ms: &f64| *ms > 0.0;
        let life = slices
            .observed_ms
            .iter()
            .position(seen)
            .zip(slices.observed_ms.iter().rposition(seen));
        if let Some((from, to)) = life {
            there[at + from..=at + to]
                .iter_mut()
                .for_each(|groups| *groups += 1.0);
        }
    }
    for (observed, groups) in sum.observed_ms.iter_mut().zip(there) {
        *observed /= f64::max(groups, 1.0);
    }
    Some(sum)
}

fn common_grid<'a>(all: impl Iterator<Item = &'a Slices>, step: i64) -> Grid {
    let spans = all.map(|slices| slices.grid.range());
    Grid::over(
        spans
            .reduce(|a, b| a.union(&b))
            .unwrap_or(TimeRange::new(0, 0)),
        step,
    )
}
