//! Native histograms that are born, restarted and away, counted by hand.

use narthex_model::{Histogram, ResetHint, Span, TimeRange, TimestampMs, stale_nan};

use crate::count::Slices;
use crate::fill::{FillOptions, fill};
use crate::spec::{FirstSample, Slo};
use crate::testing::MemoryStore;
use crate::{Options, Text, parse};

const MINUTE: i64 = 60_000;
const START: i64 = 1_000 * 60 * MINUTE;

const TARGET: [(&str, &str); 2] = [("instance", "i"), ("job", "j")];

fn slo() -> Slo {
    let text = "{name: a, service: s, objective: 99, window: 30d, latency: {histograms: took, threshold: 1}}";
    let text = Text {
        file: "test.yaml",
        text,
    };
    let specs = parse(&[text], &Options::default()).expect("a valid spec");
    specs.slos.into_iter().next().expect("an SLO").slo
}

/// So many events below the threshold, and so many above it, after so many minutes.
fn sample(minute: i64, good: f64, bad: f64) -> (TimestampMs, Histogram) {
    let histogram = Histogram {
        count: good + bad,
        positive_spans: vec![Span {
            offset: 0,
            length: 2,
        }],
        positive_buckets: vec![good, bad],
        ..Histogram::default()
    };
    (START + minute * MINUTE, histogram)
}

fn stale(minute: i64) -> (TimestampMs, Histogram) {
    let (t, histogram) = sample(minute, 0.0, 0.0);
    (
        t,
        Histogram {
            sum: stale_nan(),
            ..histogram
        },
    )
}

fn reset((t, histogram): (TimestampMs, Histogram)) -> (TimestampMs, Histogram) {
    let reset_hint = ResetHint::Reset;
    (
        t,
        Histogram {
            reset_hint,
            ..histogram
        },
    )
}

/// A target that was seen at these minutes, and one histogram of it.
fn store(seen: impl Iterator<Item = i64>, samples: Vec<(TimestampMs, Histogram)>) -> MemoryStore {
    let mut store = MemoryStore::default();
    let up = seen.map(|minute| (START + minute * MINUTE, 1.0));
    store.push(&[&[("__name__", "up")], &TARGET[..]].concat(), up.collect());
    let name = [("__name__", "took")];
    store.push_histograms(&[&name, &TARGET[..]].concat(), samples);
    store
}

/// The slices of these minutes.
fn slices(store: &MemoryStore, slo: &Slo, (from, to): (i64, i64)) -> Slices {
    let span = TimeRange::new(START + from * MINUTE, START + to * MINUTE);
    let filled = fill(store, slo, span, FillOptions::threads(1)).expect("counted");
    let track = filled.tracks.into_iter().next();
    track.expect("a histogram").slices
}

#[test]
fn one_that_is_born_counts_from_zero() {
    let samples = vec![
        sample(5, 3.0, 1.0),
        sample(6, 5.0, 1.0),
        sample(7, 5.0, 2.0),
    ];
    let store = store(0..10, samples.clone());
    let born = slices(&store, &slo(), (3, 8));
    // Its target was last seen without it after four minutes.
    assert_eq!(born.good, [0.0, 3.0, 2.0, 0.0, 0.0]);
    assert_eq!(born.bad, [0.0, 1.0, 0.0, 1.0, 0.0]);
    let mut ignoring = slo();
    ignoring.missing.first_sample = FirstSample::Ignore;
    let ignored = slices(&store, &ignoring, (3, 8));
    assert_eq!(ignored.total, [0.0, 0.0, 2.0, 1.0, 0.0]);
    // Nobody had seen the target before, so that nobody knows when it began.
    let unseen = slices(&self::store(5..10, samples), &slo(), (3, 8));
    assert_eq!(unseen.total, [0.0, 0.0, 2.0, 1.0, 0.0]);
}

#[test]
fn others_of_the_metric_tell_that_the_target_was_seen() {
    let mut store = MemoryStore::default();
    let named = |route| [("__name__", "took"), ("route", route)];
    let other = (0..10).map(|minute| sample(minute, minute as f64, 0.0));
    store.push_histograms(&[&named("/a"), &TARGET[..]].concat(), other.collect());
    let samples = vec![sample(5, 3.0, 1.0), sample(6, 5.0, 1.0)];
    store.push_histograms(&[&named("/b"), &TARGET[..]].concat(), samples);
    let both = slices(&store, &slo(), (3, 7));
    assert_eq!(both.bad, [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(both.good, [1.0, 4.0, 3.0, 1.0]);
}

#[test]
fn one_that_was_away_goes_on_where_it_was() {
    let samples = vec![
        sample(0, 0.0, 0.0),
        sample(1, 10.0, 0.0),
        sample(21, 30.0, 20.0),
        sample(22, 30.0, 20.0),
    ];
    let all = slices(&store(0..30, samples.clone()), &slo(), (0, 30));
    // Twenty good and twenty bad events in twenty minutes.
    assert_eq!((all.good[1], all.bad[1], all.bad[20]), (1.0, 1.0, 1.0));
    let later = slices(&store(0..30, samples), &slo(), (20, 30));
    assert_eq!(
        (later.good[0], later.bad[0], later.total[1]),
        (1.0, 1.0, 0.0)
    );
}

#[test]
fn one_that_began_anew_counts_all_it_has() {
    // It fell after three minutes, said so after five, and was ended and began anew after eight, though it has no less than before.
    let samples = vec![
        sample(1, 5.0, 5.0),
        sample(2, 6.0, 5.0),
        sample(3, 2.0, 1.0),
        sample(4, 3.0, 1.0),
        reset(sample(5, 4.0, 1.0)),
        sample(6, 4.0, 1.0),
        stale(7),
        sample(9, 4.0, 1.0),
    ];
    let found = slices(&store(0..10, samples), &slo(), (2, 10));
    assert_eq!(found.good, [2.0, 1.0, 4.0, 0.0, 0.0, 0.0, 4.0, 0.0]);
    assert_eq!(found.bad, [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn one_whose_target_was_away_too_had_no_time_between() {
    let mut samples: Vec<_> = (1..=4).map(|m| sample(m, m as f64, 0.0)).collect();
    samples.push(stale(5));
    samples.extend([sample(20, 1.0, 1.0), sample(21, 2.0, 1.0)]);
    let seen = (0..5).chain(20..30);
    let found = slices(&store(seen, samples), &slo(), (0, 22));
    let bad: Vec<usize> = (0..22).filter(|i| found.bad[*i] > 0.0).collect();
    assert_eq!(bad, [19], "in the minute before it was seen again");
    assert_eq!(found.good[19], 1.0);
    assert_eq!(found.observed_ms[6..19], [0.0; 13], "nobody saw it");
    assert_eq!(found.total.iter().sum::<f64>(), 4.0 + 2.0 + 1.0);
}
