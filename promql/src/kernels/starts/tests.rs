//! Numbers of Prometheus' own script, and properties: without starts all is as ever, and windows do not see each other.

use proptest::prelude::*;

use super::super::counter::{self as plain, Extensions};
use super::super::windows::{BoundsCache, Windows};
use super::super::{RangeKernel, change};
use super::*;
use crate::steps::StepWriter;

const MINUTE: i64 = 60_000;

/// Samples at whole minutes: value, and how long before the sample the counter began.
fn samples(from: i64, points: &[(f64, Option<i64>)]) -> (Vec<i64>, Vec<f64>, Vec<i64>) {
    let times: Vec<i64> = (0..points.len() as i64)
        .map(|i| (from + i) * MINUTE)
        .collect();
    let starts = points.iter().zip(&times);
    let starts = starts.map(|((_, before), time)| before.map_or(0, |before| time - before));
    let starts = starts.collect();
    (times, points.iter().map(|(v, _)| *v).collect(), starts)
}

/// What `kernel` gives at each step, and whether there is an overlap.
fn run(
    kernel: StartsKernel,
    (times, values, starts): &(Vec<i64>, Vec<f64>, Vec<i64>),
    windows: &Windows,
) -> (Vec<Option<f64>>, bool) {
    let mut cache = BoundsCache::new(windows.clone());
    let series = Series {
        timestamps: times,
        values,
        bounds: cache.bounds(times).0,
        windows,
        extensions: &Extensions::default(),
    };
    let mut out = StepWriter::new(1, windows.steps);
    let mut row = out.row_mut(0);
    let overlap = kernel(&series, Starts { times, starts }, &mut row);
    let points = row.present.iter().zip(row.values.iter());
    let points = points.map(|(there, v)| there.then_some(*v)).collect();
    (points, overlap)
}

fn five_minutes(from: i64, steps: usize) -> Windows {
    Windows {
        first_end: from * MINUTE,
        interval: MINUTE,
        steps,
        range: 5 * MINUTE,
    }
}

fn assert_close(found: &[Option<f64>], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let found = found.expect("a point");
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}

#[test]
fn counters_that_restart() {
    let starts = [(30_000, 3), (60_000, 3), (59_999, 3), (1_000, 3), (1, 3)];
    let starts = starts
        .iter()
        .flat_map(|(before, count)| (0..*count).map(move |i| before + i * MINUTE));
    let points: Vec<_> = starts
        .enumerate()
        .map(|(i, before)| (60.0 * i as f64, Some(before)))
        .collect();
    let samples = samples(2, &points);
    let windows = five_minutes(7, 9);
    let (increases, overlap) = run(increase, &samples, &windows);
    assert_close(
        &increases,
        &[
            420.0, 780.0, 675.0, 675.0, 1275.0, 1080.0, 900.0, 1725.0, 1440.0,
        ],
    );
    assert!(!overlap);
    let (rates, _) = run(rate, &samples, &windows);
    assert_close(&rates, &[1.4, 2.6, 2.25, 2.25, 4.25, 3.6, 3.0, 5.75, 4.8]);
    let (changes, _) = run(irate, &samples, &windows);
    assert_close(&changes, &[1.0, 6.0, 1.0, 1.0, 9.0, 1.0, 1.0, 12.0, 1.0]);
    let (counts, _) = run(resets, &samples, &windows);
    assert_close(&counts, &[1.0, 2.0, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0, 1.0]);
}

#[test]
fn beginnings_inside_the_window() {
    let one = |values: &[f64], before: Option<i64>| -> Vec<_> {
        let before = |i: usize| before.map(|b| b + i as i64 * MINUTE);
        values
            .iter()
            .enumerate()
            .map(|(i, v)| (*v, before(i)))
            .collect()
    };
    let cases = [
        (2, &[1.0, 2.0, 3.0, 4.0, 5.0][..], Some(60_000), 5.0),
        (2, &[1.0, 2.0, 3.0, 4.0, 5.0], Some(30_000), 5.0),
        (2, &[1.0, 2.0, 3.0, 4.0, 5.0], Some(0), 5.0),
        (2, &[1.0, 2.0, 3.0, 4.0, 5.0], Some(-1), 6.0),
        (2, &[1.0, 2.0, 3.0, 4.0], Some(30_000), 5.142857142857143),
        (2, &[1.0, 2.0, 3.0, 4.0], Some(-1), 6.333333333333333),
        (3, &[2.0, 3.0], Some(120_000), 2.0),
        (3, &[2.0, 3.0], Some(90_000), 3.6),
        (3, &[2.0, 3.0], Some(-1), 6.0),
        (4, &[3.0], Some(150_000), 3.0),
    ];
    for (from, values, before, expected) in cases {
        let samples = samples(from, &one(values, before));
        let (found, _) = run(increase, &samples, &five_minutes(6, 1));
        assert_close(&found, &[expected]);
    }
    for before in [None, Some(180_000), Some(0), Some(-1)] {
        let samples = samples(4, &one(&[3.0], before));
        let found = run(increase, &samples, &five_minutes(6, 1));
        assert_eq!(found, (vec![None], false), "{before:?}");
    }
}

#[test]
fn falls_and_restarts() {
    let points = [(5.0, Some(MINUTE)), (5.0, Some(1_000)), (2.0, None)];
    let (found, _) = run(increase, &samples(2, &points), &five_minutes(5, 1));
    assert_close(&found, &[16.0]);
}

#[test]
fn overlaps_are_told() {
    let points = [60.0, 120.0, 180.0].map(|v| (v, Some(2 * MINUTE)));
    let (found, overlap) = run(rate, &samples(2, &points), &five_minutes(4, 1));
    assert!(found[0].is_some() && overlap);
}

#[test]
fn restarts() {
    let cases = [
        ([1, 1], false),
        ([1, 12], true),
        ([1, 10], true),
        ([0, 10], false),
        ([10, 10], false),
        ([11, 10], false),
        ([1, 0], false),
        ([1, 20], false),
        ([1, 21], false),
        ([1, 9], false),
    ];
    let times = &[10, 20];
    for (starts, restarts) in cases {
        let starts = &starts;
        assert_eq!(Starts { times, starts }.restarts(1), restarts, "{starts:?}");
    }
    let unknown = Starts { times, starts: &[] };
    assert!(!unknown.restarts(1) && !unknown.restarts(0) && !unknown.overlaps(0));
}

#[test]
fn overlaps() {
    let cases = [
        ([1, 1], false),
        ([1, 9], true),
        ([1, 10], false),
        ([1, 0], false),
    ];
    let times = &[10, 20];
    for (starts, overlaps) in cases {
        let starts = &starts;
        assert_eq!(Starts { times, starts }.overlaps(1), overlaps, "{starts:?}");
    }
}

proptest! {
    #[test]
    fn without_starts_as_ever(
        values in prop::collection::vec((0_u8..9).prop_map(f64::from), 0..30),
        first_end in 0_i64..20, steps in 1_usize..20,
    ) {
        let points: Vec<_> = values.iter().map(|v| (*v, None)).collect();
        let samples = samples(1, &points);
        let windows = five_minutes(first_end, steps);
        let kernels: [(StartsKernel, RangeKernel); 4] = [
            (rate, plain::rate),
            (increase, plain::increase),
            (irate, plain::irate),
            (resets, change::resets),
        ];
        for (started, ever) in kernels {
            let mut cache = BoundsCache::new(windows.clone());
            let series = Series { timestamps: &samples.0, values: &samples.1, bounds: cache.bounds(&samples.0).0, windows: &windows, extensions: &Extensions::default() };
            let mut out = StepWriter::new(1, steps);
            let row = &mut out.row_mut(0);
            ever(&series, &|_| f64::NAN, row);
            let expected: Vec<_> = row.present.iter().zip(row.values.iter()).map(|(there, v)| there.then_some(*v)).collect();
            prop_assert_eq!(run(started, &samples, &windows), (expected, false));
        }
    }

    #[test]
    fn windows_do_not_see_each_other(
        points in prop::collection::vec(((0_u8..9).prop_map(f64::from), prop::option::of(-1_i64..400_000)), 1..20),
        first_end in 1_i64..20,
    ) {
        let samples = samples(1, &points);
        let windows = five_minutes(first_end, 6);
        for kernel in [rate, increase, irate, resets] {
            let (together, overlap) = run(kernel, &samples, &windows);
            let alone: Vec<_> = (0..6).map(|step| run(kernel, &samples, &five_minutes(first_end + step, 1))).collect();
            prop_assert_eq!(overlap, alone.iter().any(|(_, overlap)| *overlap));
            prop_assert_eq!(together, alone.into_iter().flat_map(|(points, _)| points).collect::<Vec<_>>());
        }
    }
}
