//! Golden numbers by hand, and properties against a naive count.

use narthex_model::{TimeRange, stale_nan};
use proptest::prelude::*;

use super::{
    BucketPlan, Buckets, GaugeRule, Grid, Method, NativeLife, NativeSeries, Series, Slices, Tally,
    Timeline, by_sample, by_time,
};
use crate::spec::{Comparison, Which};

fn grid(slices: i64) -> Grid {
    Grid::over(TimeRange::new(0, slices * 60), 60)
}

fn series<'a>(timestamps: &'a [i64], values: &'a [f64]) -> Series<'a> {
    Series {
        timestamps,
        values,
        born: None,
        timeline: None,
    }
}

fn counted(slices: i64, series: &[Series<'_>]) -> Slices {
    let mut tally = Tally::new(grid(slices), 1, Method::Counters, Which::Bad);
    for series in series {
        tally.total(0, *series);
    }
    tally.finish().remove(0)
}

#[test]
fn a_scrape_across_an_edge_is_divided() {
    let slices = counted(
        3,
        &[series(
            &[10, 40, 70, 100, 130],
            &[0.0, 30.0, 60.0, 66.0, 96.0],
        )],
    );
    // 30 before the first sample past a minute, 20 of the next 30; the last ten seconds of the second minute see 20 of 30.
    assert_eq!(slices.total, [50.0, 36.0, 10.0]);
    assert_eq!(slices.observed_ms, [50.0, 60.0, 10.0]);
}

#[test]
fn a_sample_at_the_edge_ends_the_slice_before() {
    let slices = counted(2, &[series(&[0, 60, 120], &[5.0, 6.0, 8.0])]);
    assert_eq!(slices.total, [1.0, 2.0]);
    assert_eq!(slices.observed_ms, [60.0, 60.0]);
}

#[test]
fn a_reset_counts_from_zero() {
    let slices = counted(
        2,
        &[series(
            &[0, 30, 60, 90, 120],
            &[100.0, 110.0, 4.0, 4.0, 5.0],
        )],
    );
    assert_eq!(slices.total, [14.0, 1.0]);
    assert_eq!(slices.observed_ms, [60.0, 60.0]);
}

#[test]
fn a_gap_is_spread_and_not_observed() {
    let timestamps = [0, 15, 30, 45, 60, 240, 255, 270, 285, 300];
    let values = [0.0, 1.0, 2.0, 3.0, 4.0, 184.0, 185.0, 186.0, 187.0, 188.0];
    let slices = counted(5, &[series(&timestamps, &values)]);
    assert_eq!(slices.total, [4.0, 60.0, 60.0, 60.0, 4.0]);
    // The sample at 240 vouches for the 15 before it.
    assert_eq!(slices.observed_ms, [60.0, 0.0, 0.0, 15.0, 60.0]);
}

#[test]
fn a_series_that_came_anew_was_not_missing() {
    let timestamps = [0, 15, 30, 45, 60, 75, 240, 255, 270, 285, 300];
    let mut values = [
        0.0,
        1.0,
        2.0,
        3.0,
        4.0,
        stale_nan(),
        3.0,
        4.0,
        5.0,
        6.0,
        7.0,
    ];
    let other: Vec<i64> = (0..=20).map(|i| i * 15).collect();
    let steady = vec![1.0; other.len()];
    let all = |values: &[f64]| {
        let slices = counted(5, &[series(&timestamps, values), series(&other, &steady)]);
        (slices.total, slices.observed_ms)
    };
    let (total, observed) = all(&values);
    assert_eq!(total, [4.0, 0.0, 0.0, 3.0, 4.0]);
    assert_eq!(observed, [60.0; 5]);
    // The same counter going on: it was there, and not seen.
    values[6..].copy_from_slice(&[184.0, 185.0, 186.0, 187.0, 188.0]);
    let (total, observed) = all(&values);
    assert_eq!(total, [4.0, 60.0, 60.0, 60.0, 4.0]);
    assert_eq!(observed, [60.0, 30.0, 30.0, 37.5, 60.0]);
}

#[test]
fn what_went_on_after_a_stale_marker_did_not_end() {
    let mut timestamps = vec![0, 15, 30, 40, 45, 60];
    let mut values = vec![0.0, 1.0, 2.0, stale_nan(), 3.0, 4.0];
    for t in [240, 255, 270, 285, 300] {
        timestamps.push(t);
        values.push(t as f64 - 204.0);
    }
    values[6] = 3.0;
    let slices = counted(5, &[series(&timestamps, &values)]);
    // Reset while it was not seen: spread over the gap.
    assert_eq!(slices.total[1..4], [1.0, 1.0, 1.0]);
}

#[test]
fn one_that_is_born_counts_from_zero() {
    let mut born = series(&[90, 105, 120], &[2.0, 2.0, 3.0]);
    assert_eq!(counted(2, &[born]).total, [0.0, 1.0]);
    born.born = Some(75);
    assert_eq!(counted(2, &[born]).total, [0.0, 3.0]);
    born.born = Some(45);
    let slices = counted(2, &[born]);
    assert_eq!(
        slices.total[0],
        2736.0 / 4096.0 - 5.0 / 4096.0,
        "15 of 45 seconds, to 1/4096"
    );
    assert_eq!(slices.total.iter().sum::<f64>(), 3.0);
}

#[test]
fn what_is_no_number_is_not_there() {
    let values = [0.0, f64::NAN, 2.0, f64::INFINITY, 4.0];
    let slices = counted(1, &[series(&[0, 15, 30, 45, 60], &values)]);
    assert_eq!(slices.total, [4.0]);
    assert_eq!(
        counted(1, &[series(&[0], &[f64::NAN]), series(&[], &[])]).total,
        [0.0]
    );
}

#[test]
fn how_far_back_it_reaches() {
    let later = Grid::over(TimeRange::new(60, 120), 60);
    let tally = |known_before: i64| {
        let tally = Tally::new(later, 1, Method::Counters, Which::Bad);
        let mut tally = tally.after(known_before).without_events();
        tally.total(0, series(&[30, 45, 75, 90], &[0.0, 1.0, 3.0, 3.0]));
        tally
    };
    assert_eq!(tally(75).reaches_back_to(), 45);
    assert_eq!(tally(76).reaches_back_to(), 60, "what came then was known");
    assert_eq!(tally(76).finish()[0].total, [1.0]);
}

#[test]
fn good_or_bad_is_the_rest() {
    for which in [Which::Good, Which::Bad] {
        let mut tally = Tally::new(grid(1), 2, Method::Counters, which);
        tally.total(1, series(&[0, 30, 60], &[0.0, 5.0, 10.0]));
        tally.some(1, series(&[0, 30, 60], &[0.0, 0.0, 3.0]));
        let slices = tally.finish();
        let (good, bad) = match which {
            Which::Good => (3.0, 7.0),
            Which::Bad => (7.0, 3.0),
        };
        assert_eq!((slices[1].good[0], slices[1].bad[0]), (good, bad));
        assert_eq!(slices[0].observed_ms, [0.0]);
    }
}

#[test]
fn latency_between_two_buckets() {
    let t = [0, 30, 60];
    let values = [[0.0, 20.0, 40.0], [0.0, 30.0, 80.0], [0.0, 50.0, 100.0]];
    let of = |threshold: f64| {
        let plan = BucketPlan::new(&[0.1, 0.5, f64::INFINITY], threshold).expect("has +Inf");
        let mut tally = Tally::new(grid(1), 1, Method::Buckets, Which::Good);
        let of = |i: usize| series(&t, &values[i]);
        let lower = plan.lower.map(of);
        let buckets = Buckets {
            total: &[of(plan.total)],
            lower: lower.as_slice(),
            upper: &[of(plan.upper)],
        };
        tally.histogram(0, &plan, buckets);
        let slices = tally.finish().remove(0);
        let bounds = slices.bounds.map(|b| (b.low[0], b.high[0]));
        (slices.good[0], slices.total[0], bounds)
    };
    assert_eq!(of(0.5), (80.0, 100.0, None));
    assert_eq!(of(0.3), (60.0, 100.0, Some((40.0, 80.0))));
    assert_eq!(of(2.0), (80.0, 100.0, Some((80.0, 100.0))));
}

#[test]
fn native_histograms_are_counters_below_a_threshold() {
    use narthex_model::{HistogramRef, Span};
    let spans = [Span {
        offset: 0,
        length: 2,
    }];
    let mut samples = NativeSeries::default();
    for (at, buckets) in [(0, [1.0, 1.0]), (30, [3.0, 2.0]), (60, [1.0, 1.0])] {
        let histogram = HistogramRef {
            count: buckets[0] + buckets[1],
            positive_spans: &spans,
            positive_buckets: &buckets,
            ..HistogramRef::default()
        };
        samples.push(at, &histogram, 1.0);
    }
    let mut tally = Tally::new(grid(1), 1, Method::NativeHistograms, Which::Good);
    let life = NativeLife {
        samples: 0..samples.len(),
        born: None,
    };
    tally.native(0, &samples, &[life]);
    let slices = tally.finish().remove(0);
    // Up by 2 and 1, then reset and up by 1 and 1.
    assert_eq!((slices.good[0], slices.bad[0]), (3.0, 2.0));
    assert_eq!(slices.bounds, None);
}

#[test]
fn probes_by_sample_and_by_time() {
    let rule = GaugeRule {
        comparison: Comparison::Equal,
        value: 1.0,
    };
    let values = [1.0, 0.0, 1.0, 1.0, stale_nan(), 1.0];
    let probe = series(&[0, 20, 40, 60, 80, 100], &values);
    let mut samples = Tally::new(grid(2), 1, Method::GaugeSamples, Which::Good);
    by_sample(&mut samples, 0, rule, probe);
    let samples = samples.finish().remove(0);
    assert_eq!(
        (samples.total, samples.good),
        (vec![3.0, 2.0], vec![2.0, 2.0])
    );
    let mut time = Tally::new(grid(2), 1, Method::GaugeTime, Which::Good);
    by_time(&mut time, 0, rule, probe);
    let time = time.finish().remove(0);
    assert_eq!(
        (time.total, time.good),
        (vec![0.06, 0.04], vec![0.04, 0.04])
    );
    assert_eq!(
        time.observed_ms,
        [60.0, 20.0],
        "one sample of three is missing, none comes after 100"
    );
}

/// What a counter counted between its first and its last sample, without slices.
fn increase(values: &[f64]) -> f64 {
    let pairs = values.windows(2);
    pairs
        .map(|p| if p[1] < p[0] { p[1] } else { p[1] - p[0] })
        .sum()
}

prop_compose! {
    /// Times and values with resets and gaps.
    fn counter()(
        steps in prop::collection::vec((prop_oneof![8 => 1..40_i64, 1 => 40..500_i64], 0..50_u32, 0..10_u8), 2..120),
    ) -> (Vec<i64>, Vec<f64>) {
        let (mut t, mut v) = (100, 0.0);
        let mut counter = (Vec::new(), Vec::new());
        for (distance, more, fate) in steps {
            t += distance;
            v = if fate == 0 { 0.0 } else { v + f64::from(more) };
            counter.0.push(t);
            counter.1.push(v);
        }
        counter
    }
}

proptest! {
    #[test]
    fn slices_add_up_to_exactly_what_was_counted((t, v) in counter()) {
        let slices = counted(t[t.len() - 1] / 60 + 1, &[series(&t, &v)]);
        prop_assert_eq!(slices.total.iter().sum::<f64>(), increase(&v));
        prop_assert!(slices.observed_ms.iter().all(|ms| (0.0..=60.0).contains(ms)));
    }

    #[test]
    fn counting_piece_by_piece_is_counting_at_once((t, v) in counter(), cut in 0..60_i64) {
        let whole = counted(t[t.len() - 1] / 60 + 2, &[series(&t, &v)]);
        let cut = cut.min(i64::try_from(whole.grid.len).expect("small"));
        let pieces = [TimeRange::new(0, cut * 60), TimeRange::new(cut * 60, whole.grid.end())];
        let totals: Vec<f64> = pieces
            .into_iter()
            .flat_map(|range| {
                let mut tally = Tally::new(Grid::over(range, 60), 1, Method::Counters, Which::Bad);
                tally.total(0, series(&t, &v));
                tally.finish().remove(0).total
            })
            .collect();
        prop_assert_eq!(totals, whole.total);
    }

    #[test]
    fn times_laid_before_change_nothing(
        (t, v) in counter(),
        steady in prop::collection::vec((0..3_i64, 0..40_i64), 40..200),
        distance in prop::sample::select(vec![7, 15, 60, 61, 140]),
        cut in prop::collection::vec(0..60_i64, 2),
    ) {
        // The second has long runs in which each sample, or some, or all but a few lie in a slice of their own.
        let mut sum = 0.0;
        let values = steady.iter().map(|(more, odd)| {
            sum = if *odd == 0 { 0.0 } else { sum + *more as f64 };
            sum
        });
        let values: Vec<f64> = values.collect();
        let times: Vec<i64> = (0..).zip(&steady).map(|(i, (late, _))| i * distance + late).collect();
        let (from, to) = (cut[0].min(cut[1]), cut[0].max(cut[1]) + 1);
        for (t, v) in [(&t, &v), (&times, &values)] {
            let grid = Grid::over(TimeRange::new(from * 60, to * 60), 60);
            let timeline = Timeline::lay(t, grid);
            let count = |timeline| {
                let mut tally = Tally::new(grid, 1, Method::Counters, Which::Bad);
                tally.total(0, Series { timeline, ..series(t, v) });
                (tally.reaches_back_to(), tally.finish())
            };
            prop_assert_eq!(count(Some(&timeline)), count(None));
        }
    }

    #[test]
    fn order_and_partition_change_nothing(all in prop::collection::vec(counter(), 1..6), cut in 0..6_usize) {
        let tally = |of: &mut dyn Iterator<Item = &(Vec<i64>, Vec<f64>)>| {
            let mut tally = Tally::new(grid(100), 1, Method::Counters, Which::Bad);
            for (t, v) in of {
                tally.total(0, series(t, v));
            }
            tally
        };
        let backwards = tally(&mut all.iter().rev());
        let mut parts = tally(&mut all.iter().skip(cut));
        parts.merge(&tally(&mut all.iter().take(cut)));
        prop_assert_eq!(parts.finish(), backwards.finish());
    }
}
