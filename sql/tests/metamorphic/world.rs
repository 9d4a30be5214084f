//! A seeded world of awkward series: gaps, resets, stale markers, NaN, infinities, churn, histograms of both kinds.

use narthex_model::{Histogram, Labels, ResetHint, Span, stale_nan};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// 2026-01-01T00:00:00Z, a border of blocks of every length.
pub(crate) const START_MS: i64 = 1_767_225_600_000;
/// The last sample is before this.
pub(crate) const END_MS: i64 = START_MS + 105 * 60_000;
/// Nothing is measured from here on …
pub(crate) const SILENCE_START_MS: i64 = START_MS + 50 * 60_000;
/// … until here.
pub(crate) const SILENCE_END_MS: i64 = START_MS + 58 * 60_000;
const STEP_MS: i64 = 30_000;
const BOUNDS: [f64; 4] = [0.1, 0.5, 1.0, 2.5];

/// A sample.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) at: i64,
    pub(crate) value: Value,
    /// Since when it counts; 0 if nobody knows.
    pub(crate) since: i64,
}

/// What was measured.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Float(f64),
    Histogram(Histogram),
}

/// A series with its samples in order.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) labels: Labels,
    pub(crate) points: Vec<Point>,
}

/// All of it.
pub(crate) fn world(rng: &mut ChaCha8Rng) -> Vec<Series> {
    let mut out = Vec::new();
    for job in ["api", "db"] {
        for host in ["a", "b", "c"] {
            let at = [("job", job), ("host", host)];
            for code in ["200", "500"] {
                let labels = labels("requests_total", &[at[0], at[1], ("code", code)]);
                out.push(series(labels, floats(rng, counter(code == "200"))));
            }
            let silent = rng.random_range(START_MS..END_MS);
            out.push(series(labels("load", &at), floats(rng, gauge(silent))));
            out.push(series(
                labels("temperature", &at),
                floats(rng, |rng, _| Some(rng.random_range(10.0..90.0))),
            ));
            out.push(series(labels("weird", &at), floats(rng, weird)));
        }
        for host in ["a", "b"] {
            let at = [("job", job), ("host", host)];
            classic(rng, &at, &mut out);
            out.push(native(rng, labels("native", &at), NATIVE));
            out.push(native(rng, labels("native_custom", &at), CUSTOM));
            out.push(native(rng, labels("native_gauge", &at), GAUGE));
            out.push(born(rng, labels("born_total", &at)));
        }
        churn(rng, job, &mut out);
    }
    let mut both = native(rng, labels("both", &[("job", "api")]), NATIVE);
    for point in &mut both.points {
        if (point.at / 600_000) % 2 == 0 {
            point.value = Value::Float(rng.random_range(0..9).into());
        }
    }
    out.push(both);
    out.push(series(
        labels("solo", &[("job", "solo")]),
        floats(rng, weird),
    ));
    out
}

/// The labels of a series of `name`.
pub(crate) fn labels(name: &str, rest: &[(&str, &str)]) -> Labels {
    Labels::new([("__name__", name)].into_iter().chain(rest.iter().copied())).expect("valid")
}

fn series(labels: Labels, points: Vec<Point>) -> Series {
    Series { labels, points }
}

/// When there is a sample: mostly, and sometimes a little late.
fn clock(rng: &mut ChaCha8Rng) -> Vec<i64> {
    let mut out = Vec::new();
    for at in (START_MS..END_MS).step_by(STEP_MS as usize) {
        let silent = (SILENCE_START_MS..SILENCE_END_MS).contains(&at);
        let late = if rng.random_bool(0.5) {
            rng.random_range(0..900)
        } else {
            0
        };
        if rng.random_bool(0.96) && !silent {
            out.push(at + late);
        }
    }
    out
}

fn floats(
    rng: &mut ChaCha8Rng,
    mut make: impl FnMut(&mut ChaCha8Rng, i64) -> Option<f64>,
) -> Vec<Point> {
    let mut points = Vec::new();
    for at in clock(rng) {
        if let Some(value) = make(rng, at) {
            let value = Value::Float(value);
            points.push(Point {
                at,
                value,
                since: 0,
            });
        }
    }
    points
}

fn counter(integral: bool) -> impl FnMut(&mut ChaCha8Rng, i64) -> Option<f64> {
    let mut total = 0.0;
    move |rng, _| {
        if rng.random_bool(0.01) {
            total = 0.0;
        }
        total += match integral {
            true => f64::from(rng.random_range(0..40)),
            false => rng.random_range(0.0..3.0),
        };
        Some(total)
    }
}

fn gauge(silent: i64) -> impl FnMut(&mut ChaCha8Rng, i64) -> Option<f64> {
    move |rng, at| match at - silent {
        0..STEP_MS => Some(stale_nan()),
        STEP_MS..1_000_000 => None,
        _ => Some(rng.random_range(-2.0..4.0)),
    }
}

fn weird(rng: &mut ChaCha8Rng, _: i64) -> Option<f64> {
    let odd = [
        1.0,
        0.0,
        -3.5,
        1e300,
        1e-300,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    match rng.random_bool(0.2) {
        true => odd.choose(rng).copied(),
        false => Some(rng.random_range(0..10).into()),
    }
}

/// Buckets, count and sum that grow together.
fn classic(rng: &mut ChaCha8Rng, at: &[(&str, &str)], out: &mut Vec<Series>) {
    let times = clock(rng);
    let mut counts = [0_u32; BOUNDS.len() + 1];
    let mut rows = Vec::new();
    for _ in &times {
        if rng.random_bool(0.01) {
            counts = [0; BOUNDS.len() + 1];
        }
        for _ in 0..rng.random_range(0..12) {
            counts[rng.random_range(0..counts.len())] += 1;
        }
        rows.push(counts);
    }
    let mut push = |labels, value: &dyn Fn(&[u32]) -> f64| {
        let point = |(at, row): (&i64, &[u32; BOUNDS.len() + 1])| Point {
            at: *at,
            value: Value::Float(value(row)),
            since: 0,
        };
        out.push(series(labels, times.iter().zip(&rows).map(point).collect()));
    };
    for i in 0..=BOUNDS.len() {
        let bound = BOUNDS.get(i).map_or("+Inf".to_owned(), f64::to_string);
        let labels = labels("latency_bucket", &[at[0], at[1], ("le", &bound)]);
        push(labels, &|row| row[..=i].iter().sum::<u32>().into());
    }
    push(labels("latency_count", at), &|row| {
        row.iter().sum::<u32>().into()
    });
    push(labels("latency_sum", at), &|row| {
        f64::from(row.iter().sum::<u32>()) * 0.4
    });
}

#[derive(Clone, Copy)]
struct Kind {
    custom: bool,
    gauge: bool,
}

const NATIVE: Kind = Kind {
    custom: false,
    gauge: false,
};
const CUSTOM: Kind = Kind {
    custom: true,
    gauge: false,
};
const GAUGE: Kind = Kind {
    custom: false,
    gauge: true,
};

fn native(rng: &mut ChaCha8Rng, labels: Labels, kind: Kind) -> Series {
    let mut counts = [0.0; 5];
    let mut points = Vec::new();
    for at in clock(rng) {
        if kind.gauge || rng.random_bool(0.02) {
            counts = [0.0; 5];
        }
        for _ in 0..rng.random_range(0..15) {
            counts[rng.random_range(0..5)] += 1.0;
        }
        let mut value = histogram(&counts, &kind);
        if rng.random_bool(0.02) {
            value = Histogram {
                sum: stale_nan(),
                ..Histogram::default()
            };
        }
        points.push(Point {
            at,
            value: Value::Histogram(value),
            since: 0,
        });
    }
    series(labels, points)
}

fn histogram(counts: &[f64; 5], kind: &Kind) -> Histogram {
    let span = |offset, length| Span { offset, length };
    let count: f64 = counts.iter().sum();
    let reset_hint = if kind.gauge {
        ResetHint::Gauge
    } else {
        ResetHint::Unknown
    };
    let plain = Histogram {
        count,
        sum: count * 1.25,
        reset_hint,
        ..Histogram::default()
    };
    if kind.custom {
        return Histogram {
            schema: -53,
            custom_values: BOUNDS.to_vec(),
            positive_spans: vec![span(0, 5)],
            positive_buckets: counts.to_vec(),
            ..plain
        };
    }
    Histogram {
        schema: 1,
        zero_threshold: 0.001,
        zero_count: counts[0],
        positive_spans: vec![span(-1, 2), span(1, 1)],
        positive_buckets: counts[1..4].to_vec(),
        negative_spans: vec![span(1, 1)],
        negative_buckets: counts[4..].to_vec(),
        ..plain
    }
}

/// A counter that says since when it counts.
fn born(rng: &mut ChaCha8Rng, labels: Labels) -> Series {
    let mut points = floats(rng, counter(true));
    let mut since = START_MS - 10_000;
    let mut before = 0.0;
    for point in &mut points {
        if let Value::Float(value) = point.value {
            if value < before {
                since = point.at - 1_000;
            }
            before = value;
        }
        point.since = since;
    }
    series(labels, points)
}

/// Versions that follow each other.
fn churn(rng: &mut ChaCha8Rng, job: &str, out: &mut Vec<Series>) {
    let mut from = START_MS;
    for version in ["1.0", "1.1", "2.0"] {
        let until = from + rng.random_range(1_500_000..3_500_000);
        let labels = labels(
            "target_info",
            &[("job", job), ("host", "a"), ("version", version)],
        );
        let points = floats(rng, |_, at| (from..until).contains(&at).then_some(1.0));
        out.push(series(labels, points));
        from = until + *[-60_000, 0, 400_000].choose(rng).unwrap_or(&0);
    }
}
