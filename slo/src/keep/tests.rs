//! Upkeep in steps, at once and not at all give the same slices.

use std::sync::Arc;

use narthex_model::{Histogram, Span};
use proptest::prelude::*;

use super::stretch::PIECE_MS;
use super::*;
use crate::ledger::{Disk, Track};
use crate::testing::MemoryStore;
use crate::{Options, Text, parse};

mod late;
mod rare;

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

fn slo(text: &str) -> Slo {
    let text = Text {
        file: "test.yaml",
        text,
    };
    let specs = parse(&[text], &Options::default()).expect("a valid spec");
    specs.slos.into_iter().next().expect("an SLO").slo
}

fn availability() -> Slo {
    slo(
        "{name: a, service: s, objective: 99, window: 30d, group_by: [route], errors: 'requests_total{code=\"500\"}', total: requests_total}",
    )
}

fn latency() -> Slo {
    slo(
        "{name: a, service: s, objective: 99, window: 30d, latency: {buckets: took_bucket, threshold: 0.3}}",
    )
}

fn native() -> Slo {
    slo(
        "{name: a, service: s, objective: 99, window: 30d, latency: {histograms: lasted, threshold: 1}}",
    )
}

/// A counter that rises, falls to zero and is away now and then, which stale markers may tell.
#[derive(Debug, Clone)]
struct Life {
    born: i64,
    risen: Vec<u8>,
    resets: Vec<usize>,
    away: Vec<(usize, usize)>,
    is_marked: bool,
}

const TICKS: usize = 500;

fn life() -> impl Strategy<Value = Life> {
    (
        0..400_i64,
        prop::collection::vec(any::<u8>(), TICKS),
        prop::collection::vec(0..TICKS, 0..4),
        prop::collection::vec((0..TICKS, 1..40_usize), 0..4),
        any::<bool>(),
    )
        .prop_map(|(born, risen, resets, away, is_marked)| Life {
            born: if born < 200 { 0 } else { born },
            risen,
            resets,
            away,
            is_marked,
        })
}

impl Life {
    fn samples(&self, start: i64) -> Vec<(i64, f64)> {
        let (mut value, mut was_there) = (0.0, false);
        let mut samples = Vec::new();
        for (tick, risen) in self.risen.iter().enumerate() {
            value = if self.resets.contains(&tick) {
                0.0
            } else {
                value + f64::from(*risen)
            };
            let is_away = self
                .away
                .iter()
                .any(|(at, len)| (*at..at + len).contains(&tick));
            let is_there = tick as i64 >= self.born && !is_away;
            let t = start + tick as i64 * MINUTE;
            if is_there {
                samples.push((t, value));
            } else if was_there && self.is_marked {
                samples.push((t, narthex_model::stale_nan()));
            }
            was_there = is_there;
        }
        samples
    }
}

impl Life {
    /// The same as native histograms, with all events above one second.
    fn histograms(&self, start: i64) -> Vec<(i64, Histogram)> {
        let histogram = |(t, count): (i64, f64)| {
            let histogram = Histogram {
                count,
                sum: count,
                positive_spans: vec![Span {
                    offset: 1,
                    length: 1,
                }],
                positive_buckets: vec![count],
                ..Histogram::default()
            };
            (t, histogram)
        };
        self.samples(start).into_iter().map(histogram).collect()
    }
}

/// A target that was always seen, with counters of several codes and routes; pieces end in the middle of it.
fn store(lives: &[Life]) -> (MemoryStore, i64) {
    let start = PIECE_MS * 20 - 6 * HOUR + 7_000;
    let mut store = MemoryStore::default();
    let target = [("instance", "i"), ("job", "j")];
    let up = (0..TICKS as i64).map(|tick| (start + tick * MINUTE, 1.0));
    store.push(&[&[("__name__", "up")], &target[..]].concat(), up.collect());
    for (at, life) in lives.iter().enumerate() {
        let code = ["200", "500"][at % 2];
        let route = ["/a", "/b", "/c"][at / 2 % 3];
        let own = [
            ("__name__", "requests_total"),
            ("code", code),
            ("route", route),
        ];
        store.push(&[&own, &target[..]].concat(), life.samples(start));
        let le = ["0.1", "0.5", "+Inf"][at % 3];
        let own = [("__name__", "took_bucket"), ("le", le), ("route", route)];
        if at < 3 {
            store.push(&[&own, &target[..]].concat(), life.samples(start));
            let own = [("__name__", "lasted"), ("route", route), ("code", code)];
            store.push_histograms(&[&own, &target[..]].concat(), life.histograms(start));
        }
    }
    (store, start + TICKS as i64 * MINUTE)
}

/// A ledger after upkeeps at these times, each of what was stored by then.
fn kept(store: &MemoryStore, slo: &Slo, times: &[i64], threads: usize) -> Vec<Track> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger =
        Ledger::own(Arc::new(Disk), folder.path(), &slo.id, "g", slo.slice_ms).expect("begun");
    for until in times {
        let stored = store.before(*until);
        upkeep(
            &stored,
            slo,
            &mut ledger,
            Goal::all(*until),
            FillOptions::threads(threads),
            &mut |_| (),
        )
        .expect("kept");
    }
    let span = ledger.span().expect("something was stored");
    ledger.load(span).expect("read").tracks
}

fn assert_alike(a: &[Track], b: &[Track]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!((&a.group, a.slices.grid), (&b.group, b.slices.grid));
        let pairs =
            |of: fn(&Track) -> &Vec<f64>| of(a).iter().zip(of(b)).enumerate().collect::<Vec<_>>();
        for (name, column) in [
            ("total", pairs(|t| &t.slices.total)),
            ("bad", pairs(|t| &t.slices.bad)),
            ("good", pairs(|t| &t.slices.good)),
        ] {
            for (i, (x, y)) in column {
                assert!(
                    (x - y).abs() < 1e-6,
                    "{name} of slice {i} of {:?}: {x} and {y}",
                    a.group
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn in_steps_as_at_once(
        lives in prop::collection::vec(life(), 1..6),
        steps in prop::collection::vec(1..200_i64, 0..8),
    ) {
        let (store, end) = store(&lives);
        let begin = end - TICKS as i64 * MINUTE;
        let times = steps.iter().scan(begin, |at, step| {
            *at += step * MINUTE;
            Some(*at)
        });
        // Long after the last sample, so that all gaps are over.
        let mut times: Vec<i64> = times.take_while(|at| *at < end).collect();
        times.push(end);
        for slo in [availability(), latency(), native()] {
            let at_once = kept(&store, &slo, &[end], 1);
            let in_steps = kept(&store, &slo, &times, 2);
            assert_alike(&at_once, &in_steps);
        }
    }

    #[test]
    fn what_is_brought_in_is_counted_as_if_it_had_been_there(
        lives in prop::collection::vec(life(), 1..6),
        cut in 1..500_i64,
        steps in 1..9_i64,
    ) {
        let (store, end) = store(&lives);
        let begin = end - TICKS as i64 * MINUTE;
        for slo in [availability(), latency()] {
            let folder = tempfile::tempdir().expect("a folder");
            let mut ledger = Ledger::own(Arc::new(Disk), folder.path(), &slo.id, "g", slo.slice_ms).expect("begun");
            let mut keep = |store: &MemoryStore, at_most_ms: i64| {
                let goal = Goal { until: end, at_most_ms };
                upkeep(store, &slo, &mut ledger, goal, FillOptions::threads(1), &mut |_| ()).expect("kept");
                (to_count(store, &slo, &ledger, end), ledger.clone())
            };
            keep(&store.since(begin + cut * MINUTE), i64::MAX);
            let mut kept_since = 0;
            let ledger = loop {
                let (left, ledger) = keep(&store, steps * HOUR);
                kept_since += 1;
                prop_assert!(kept_since < 20);
                if left == 0 {
                    break ledger;
                }
            };
            let all = ledger.load(ledger.span().expect("samples")).expect("read").tracks;
            assert_alike(&all, &kept(&store, &slo, &[end], 1));
        }
    }

    #[test]
    fn the_count_of_a_histogram_is_a_counter(lives in prop::collection::vec(life(), 1..4)) {
        let (store, end) = store(&lives);
        let counter = slo(
            "{name: a, service: s, objective: 99, window: 30d, errors: requests_total, total: requests_total}",
        );
        let [counter, native] = [counter, native()].map(|slo| kept(&store, &slo, &[end], 1));
        assert_alike(&counter, &native);
        let observed = |tracks: &[Track]| tracks[0].slices.observed_ms.clone();
        prop_assert_eq!(observed(&counter), observed(&native));
    }

    #[test]
    fn known_without_writing(lives in prop::collection::vec(life(), 1..6), part in 1..600_i64) {
        let (store, end) = store(&lives);
        let slo = availability();
        let span = store.span().expect("samples");
        let folder = tempfile::tempdir().expect("a folder");
        let mut ledger = Ledger::own(Arc::new(Disk), folder.path(), &slo.id, "g", slo.slice_ms).expect("begun");
        let until = end - part * MINUTE;
        upkeep(&store, &slo, &mut ledger, Goal::all(until), FillOptions::threads(1), &mut |_| ()).expect("kept");
        let with = known(&store, &slo, Some(&ledger), span, FillOptions::threads(1)).expect("known");
        let without = known(&store, &slo, None, span, FillOptions::threads(2)).expect("known");
        assert_alike(&with.tracks, &without.tracks);
    }
}

#[test]
fn nothing_is_counted_twice_but_the_newest_slices() {
    let mut store = MemoryStore::default();
    let start = PIECE_MS * 20 - 6 * HOUR;
    let own = |code| [("__name__", "requests_total"), ("code", code)];
    let scrapes = |distance: i64| (0..20 * 24 * HOUR / distance).map(move |i| i * distance);
    for (code, distance) in [("200", 30_000), ("500", 2 * MINUTE)] {
        let samples = scrapes(distance).map(|t| (start + 7_000 + t, t as f64));
        store.push(&own(code), samples.collect());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let slo = availability();
    let mut ledger =
        Ledger::own(Arc::new(Disk), folder.path(), &slo.id, "g", slo.slice_ms).expect("begun");
    let mut keep = |until: i64| {
        let (store, options) = (store.before(until), FillOptions::threads(1));
        let done = upkeep(
            &store,
            &slo,
            &mut ledger,
            Goal::all(until),
            options,
            &mut |_| (),
        );
        done.expect("kept").counted_ms
    };
    let first = 19 * 24 * HOUR;
    assert_eq!(keep(start + first), first);
    for minutes in 1..10 {
        let counted = keep(start + first + minutes * MINUTE);
        assert_eq!(counted, RECENT_MS + MINUTE);
    }
}

/// Samples so many minutes apart, that are away now and then, also for longer than is looked back.
#[derive(Debug, Clone)]
struct Slow {
    minutes: i64,
    late: i64,
    away: Vec<(i64, i64)>,
    is_marked: bool,
}

/// How long slow series go on, in hours.
const HOURS: i64 = 75;

fn slow() -> impl Strategy<Value = Slow> {
    (
        prop::sample::select(vec![3_i64, 5, 6, 10, 30]),
        0..MINUTE,
        prop::collection::vec((10..HOURS, 1..34_i64), 0..3),
        any::<bool>(),
    )
        .prop_map(|(minutes, late, away, is_marked)| Slow {
            minutes,
            late,
            away,
            is_marked,
        })
}

impl Slow {
    fn samples(&self, start: i64, value: impl Fn(i64) -> f64) -> Vec<(i64, f64)> {
        let (mut samples, mut was_there) = (Vec::new(), false);
        for tick in 0..HOURS * 60 / self.minutes {
            let t = tick * self.minutes * MINUTE;
            let is_away =
                |(from, len): &(i64, i64)| (from * HOUR..(from + len) * HOUR).contains(&t);
            let is_there = !self.away.iter().any(is_away);
            if is_there || (was_there && self.is_marked) {
                let value = if is_there {
                    value(tick)
                } else {
                    narthex_model::stale_nan()
                };
                samples.push((start + t + self.late, value));
            }
            was_there = is_there;
        }
        samples
    }
}

/// Upkeeps at these hours, of what was stored by then or of all, count what counting all at once does.
fn cut_anywhere(store: &MemoryStore, slo: &Slo, hours: &[(i64, i64)]) {
    let span = store.span().expect("samples");
    let options = FillOptions::threads(1);
    let at_once =
        crate::fill::fill(store, slo, aligned(span, slo.slice_ms), options).expect("counted");
    for is_live in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut ledger =
            Ledger::own(Arc::new(Disk), folder.path(), &slo.id, "g", slo.slice_ms).expect("begun");
        let times = hours.iter().map(|(hour, ms)| span.start + hour * HOUR + ms);
        for until in times.chain([span.end + MINUTE]) {
            let stored = if is_live {
                store.before(until)
            } else {
                store.clone()
            };
            let goal = Goal::all(until);
            upkeep(&stored, slo, &mut ledger, goal, options, &mut |_| ()).expect("kept");
        }
        let kept = ledger.load(at_once.span).expect("read").tracks;
        for (once, kept) in at_once.tracks.iter().zip(&kept) {
            let kept = &kept.slices;
            for i in 0..once.slices.grid.len {
                let at = kept.grid.index(once.slices.grid.edge(i));
                let of = |slices: &crate::count::Slices, i: usize| {
                    [slices.total[i], slices.bad[i], slices.observed_ms[i]]
                };
                let (once, kept) = (of(&once.slices, i), of(kept, at));
                let alike = once.iter().zip(&kept).all(|(a, b)| (a - b).abs() < 1e-6);
                assert!(alike, "slice {i}, live {is_live}: {once:?} and {kept:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 40, ..ProptestConfig::with_cases(6) })]

    #[test]
    fn slow_series_may_be_cut_anywhere(
        all in prop::collection::vec(slow(), 1..4),
        down in prop::collection::vec((10..HOURS, 1..34_i64), 0..2),
        mut hours in prop::collection::vec((1..HOURS, 0..HOUR), 0..4),
        which in 0..3_usize,
    ) {
        let start = PIECE_MS * 20 - 50 * HOUR;
        let mut store = MemoryStore::default();
        let target = [("instance", "i"), ("job", "j")];
        let up = Slow { minutes: 5, late: 0, away: down, is_marked: false };
        store.push(&[&[("__name__", "up")], &target[..]].concat(), up.samples(start, |_| 1.0));
        for (at, slow) in all.iter().enumerate() {
            let own = [("__name__", "requests_total"), ("code", ["200", "500", "302"][at])];
            store.push(&[&own, &target[..]].concat(), slow.samples(start, |tick| (tick % 300) as f64));
            let own = [("__name__", "probe_success"), ("zone", ["a", "b", "c"][at])];
            store.push(&[&own, &target[..]].concat(), slow.samples(start, |tick| f64::from(u8::from(tick % 7 > 0))));
        }
        hours.sort_unstable();
        let gauge = |text: &str| slo(&format!("{{name: a, service: s, objective: 99, window: 30d, gauge: {text}}}"));
        let weighed = "{series: probe_success, good: '== 1', weigh: time}";
        let counters = slo("{name: a, service: s, objective: 99, window: 30d, errors: 'requests_total{code=\"500\"}', total: requests_total}");
        let slos = [counters, gauge("probe_success"), gauge(weighed)];
        cut_anywhere(&store, &slos[which], &hours);
    }
}

#[test]
fn one_that_was_away_over_an_edge_of_pieces_comes_back_to_all_of_them() {
    let mut store = MemoryStore::default();
    for (late, zone, away) in [(0, "a", (36, 21)), (6, "b", (50, 33))] {
        let slow = Slow {
            minutes: 3,
            late,
            away: vec![away],
            is_marked: false,
        };
        let own = [("__name__", "probe_success"), ("zone", zone)];
        store.push(&own, slow.samples(PIECE_MS * 20 - 50 * HOUR, |_| 1.0));
    }
    let slo = slo("{name: a, service: s, objective: 99, window: 30d, gauge: probe_success}");
    cut_anywhere(&store, &slo, &[(35, 0), (56, 0)]);
}

#[test]
fn one_sample_of_long_ago_costs_nothing() {
    let (mut store, end) = store(&[]);
    let start = store.span().expect("samples").start;
    let own = |code| [("__name__", "requests_total"), ("code", code)];
    store.push(&own("1970"), vec![(0, 1.0)]);
    let recent = (0..TICKS as i64).map(|tick| (start + tick * MINUTE, tick as f64));
    let start = 60 * 365 * 24 * HOUR;
    store.push(&own("200"), recent.map(|(t, v)| (t + start, v)).collect());
    let end = end + start;
    let slo = availability();
    let tracks = kept(&store, &slo, &[end], 1);
    assert_eq!(tracks[0].slices.grid.len, TICKS);
    let span = store.span().expect("samples");
    let known = known(&store, &slo, None, span, FillOptions::threads(1)).expect("known");
    assert_alike(&known.tracks, &tracks);
}

#[test]
fn the_first_error_counts_where_the_target_was_seen() {
    let mut store = MemoryStore::default();
    let start = 1_000 * HOUR;
    let ticks = |from: i64, value: fn(i64) -> f64| {
        (from..60)
            .map(move |t| (start + t * MINUTE, value(t)))
            .collect()
    };
    let own = |code| {
        [
            ("__name__", "requests_total"),
            ("code", code),
            ("instance", "i"),
            ("job", "j"),
            ("route", "/a"),
        ]
    };
    store.push(&own("200"), ticks(0, |t| 10.0 * t as f64));
    store.push(&own("500"), ticks(30, |_| 1.0));
    let slo = availability();
    let bad = |slo: &Slo| -> f64 {
        let tracks = kept(&store, slo, &[start + HOUR], 1);
        tracks.iter().flat_map(|t| &t.slices.bad).sum()
    };
    assert_eq!(bad(&slo), 1.0);
    let mut ignoring = slo;
    ignoring.missing.first_sample = crate::spec::FirstSample::Ignore;
    assert_eq!(bad(&ignoring), 0.0);
}

#[test]
fn an_error_after_a_restart_counts_though_it_is_the_first_again() {
    let mut store = MemoryStore::default();
    let start = 1_000 * HOUR;
    let minutes = |of: std::ops::Range<i64>, v: f64| of.map(move |t| (start + t * MINUTE, v));
    let target = [("instance", "i"), ("job", "j")];
    let own = |code| [("__name__", "requests_total"), ("code", code)];
    let push = |store: &mut MemoryStore, name: &[(&'static str, &'static str)], samples| {
        store.push(&[name, &target[..]].concat(), samples);
    };
    push(&mut store, &own("200"), minutes(0..60, 10.0).collect());
    let stale = |at| minutes(at..at + 1, narthex_model::stale_nan());
    let errors = minutes(5..20, 1.0)
        .chain(stale(20))
        .chain(minutes(30..60, 1.0));
    push(&mut store, &own("500"), errors.collect());
    let up = |store: &mut MemoryStore, down: std::ops::Range<i64>| {
        let value = move |t| f64::from(u8::from(!down.contains(&t)));
        let ups = (0..60).map(|t| (start + t * MINUTE, value(t)));
        push(store, &[("__name__", "up")], ups.collect());
    };
    let bad = |store: &MemoryStore| -> f64 {
        let tracks = kept(store, &availability(), &[start + HOUR], 1);
        tracks.iter().flat_map(|t| &t.slices.bad).sum()
    };
    let mut unseen = store.clone();
    up(&mut store, 0..0);
    assert_eq!(bad(&store), 2.0, "its target was seen without it");
    up(&mut unseen, 20..30);
    assert_eq!(bad(&unseen), 1.0, "it went on unseen");
}

#[test]
fn a_bound_that_is_written_otherwise_is_the_same_bucket() {
    let start = 1_000 * HOUR;
    let own = |name, le| {
        [
            ("__name__", name),
            ("instance", "i"),
            ("job", "j"),
            ("le", le),
        ]
    };
    let ticks = |of: std::ops::Range<i64>, each: f64| {
        of.map(move |t| (start + t * MINUTE, 1_000.0 + each * t as f64))
    };
    // Prometheus is replaced by one that writes bounds otherwise, and is away for a while, or not.
    for (away, upto) in [(0, 120), (30, 120), (30, 31)] {
        let mut store = MemoryStore::default();
        let mut push = |le, samples| store.push(&own("took_bucket", le), samples);
        let stale = (start + 60 * MINUTE, narthex_model::stale_nan());
        let stale = Some(stale).filter(|_| away == 0);
        let seen = |each| -> Vec<_> {
            ticks(0..60, each)
                .chain(ticks(60 + away..200, each))
                .collect()
        };
        push("1", ticks(0..60, 8.0).chain(stale).collect());
        push("1.0", ticks(60 + away..200, 8.0).collect());
        push("0.5", seen(5.0));
        push("+Inf", seen(10.0));
        store.push(
            &own("up", "")[..3],
            seen(0.0).iter().map(|(t, _)| (*t, 1.0)).collect(),
        );
        let slo = slo(
            "{name: a, service: s, objective: 99, window: 30d, latency: {buckets: took_bucket, threshold: 1}}",
        );
        let times = [
            start + 60 * MINUTE,
            start + (60 + upto) * MINUTE,
            start + 200 * MINUTE,
        ];
        for times in [&times[..], &times[2..]] {
            let tracks = kept(&store, &slo, times, 1);
            let sum = |column: &[f64]| column.iter().sum::<f64>();
            let slices = &tracks[0].slices;
            let (total, bad) = (sum(&slices.total), sum(&slices.bad));
            assert_eq!((total, bad), (1990.0, 398.0), "away {away}, {times:?}");
            assert_eq!(slices.bounds, None);
        }
    }
}
