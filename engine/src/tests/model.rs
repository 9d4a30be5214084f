//! Any sequence of writes, flushes and restarts reads as a map would.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use narthex_model::{Labels, MatchOp, Matcher, TimeRange};
use proptest::prelude::*;

use super::starts::{read_starts, wanted, write_started};
use super::support::{Samples, add, labels, open, options, read, read_all};
use crate::block::SeriesSamples;
use crate::{Engine, Options, Retention, RetentionRule, backfill_windows};

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<(u32, i64, f64)>),
    /// Old samples of series 0 to 5, from a time on, every so often: those that are not there yet.
    Backfill(i64, i64),
    Flush,
    FlushDue,
    Compact,
    Condense,
    Leave,
    Reopen,
    Close,
    ChangeDuration(i64),
    /// Samples before this are not kept; those of metric 1 not before this much later.
    Retain(i64, i64),
    /// Series whose number divided by three leaves this, or all; from, length.
    Delete(Option<u32>, i64, i64),
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![
        Just(f64::from_bits(0x7ff0_0000_0000_0002)),
        (0..5_i32).prop_map(f64::from),
        any::<f64>()
    ];
    let late = prop::collection::vec((0..6_u32, -3_000..6_000_i64, value), 1..40);
    let in_order = (0..5_000_i64, 0..6_u32).prop_map(|(start, series)| {
        (0..300)
            .map(|i| (series, start + 7 * i, i as f64 / 4.0))
            .collect::<Vec<_>>()
    });
    prop_oneof![
        4 => late.prop_map(Step::Write),
        3 => in_order.prop_map(Step::Write),
        2 => (-3_000..6_000_i64, 1..200_i64).prop_map(|(start, step)| Step::Backfill(start, step)),
        1 => Just(Step::Flush),
        1 => Just(Step::FlushDue),
        2 => Just(Step::Compact),
        2 => Just(Step::Condense),
        1 => Just(Step::Leave),
        1 => Just(Step::Reopen),
        1 => Just(Step::Close),
        1 => (1..4_i64).prop_map(|n| Step::ChangeDuration(n * 700)),
        1 => (-3_000..6_000_i64, 0..3_000_i64).prop_map(|(from, more)| Step::Retain(from, more)),
        3 => (prop::option::of(0..3_u32), -3_000..6_000_i64, 0..4_000_i64)
            .prop_map(|(rest, from, len)| Step::Delete(rest, from, len)),
    ]
}

/// The retention in force, as times before which nothing is kept. It only ever gets shorter: what has left stays away.
#[derive(Debug, Default)]
struct Kept {
    from: Option<i64>,
    of_metric_1: Option<i64>,
}

impl Kept {
    fn raise(&mut self, from: i64, more: i64) {
        self.from = Some(self.from.map_or(from, |before| before.max(from)));
        self.of_metric_1 = self.of_metric_1.max(self.from.map(|from| from + more));
    }

    fn is_everything(&self) -> bool {
        self.from.is_none()
    }

    fn horizon(&self) -> i64 {
        self.from.unwrap_or(i64::MIN)
    }

    fn retention(&self) -> Retention {
        let time_ms = |from: Option<i64>| from.map(|from| (options().now)() - from);
        let rule = RetentionRule {
            matchers: vec![Matcher::equal("__name__", "metric_1")],
            time_ms: time_ms(self.of_metric_1),
        };
        Retention {
            time_ms: time_ms(self.from),
            size_bytes: None,
            rules: vec![rule],
        }
    }

    fn apply(&self, samples: &mut Samples) {
        for (labels, samples) in samples.iter_mut() {
            let is_metric_1 = labels.as_ref().get("__name__") == Some("metric_1");
            let from = if is_metric_1 {
                self.of_metric_1
            } else {
                self.from
            };
            samples.retain(|t, _| from.is_none_or(|from| *t >= from));
        }
        samples.retain(|_, samples| !samples.is_empty());
    }
}

/// Takes samples out of the model; counts the series that lost some, and the samples.
fn remove(model: &mut Samples, matcher: &Matcher, range: TimeRange) -> (u64, u64) {
    let mut lost = (0, 0);
    for (_, samples) in model
        .iter_mut()
        .filter(|(labels, _)| matcher.accepts_labels(labels.as_ref()))
    {
        let before = samples.len();
        samples.retain(|t, _| !range.contains(*t));
        lost.0 += u64::from(samples.len() < before);
        lost.1 += (before - samples.len()) as u64;
    }
    model.retain(|_, samples| !samples.is_empty());
    lost
}

/// The value of a sample is always the same, so that it does not matter which of two backfills counts.
/// Backfilled samples do not say since when they count.
fn backfill(
    engine: &Engine,
    model: &mut Samples,
    without: &mut BTreeSet<(Labels, i64)>,
    start: i64,
    step: i64,
) {
    let timestamps: Vec<i64> = (0..20).map(|i| start + i * step).collect();
    let range = TimeRange::inclusive(start, start + 19 * step);
    let mut series: Vec<_> = (0..6).map(|i| (labels(i), f64::from(i) / 8.0)).collect();
    series.sort_by(|a, b| a.0.cmp(&b.0));
    for window in backfill_windows(range, engine.block_duration_ms()).expect("few") {
        let mut backfill = engine.backfill(window).expect("open");
        let inside: Vec<i64> = timestamps
            .iter()
            .copied()
            .filter(|t| window.contains(*t))
            .collect();
        for (labels, value) in series.iter().filter(|_| !inside.is_empty()) {
            let series = SeriesSamples {
                labels: labels.as_ref(),
                timestamps: &inside,
                values: &vec![*value; inside.len()],
            };
            backfill.push(series).expect("in order");
        }
        backfill.finish().expect("written");
    }
    for (labels, value) in series {
        for t in &timestamps {
            let samples = model.entry(labels.clone()).or_default();
            if !samples.contains_key(t) {
                samples.insert(*t, value.to_bits());
                without.insert((labels.clone(), *t));
            }
        }
    }
}

fn reopen(path: &Path, block_duration_ms: i64, kept: &Kept) -> Arc<Engine> {
    let retention = if kept.is_everything() {
        Retention::default()
    } else {
        kept.retention()
    };
    let options = Options {
        block_duration_ms,
        retention,
        ..options()
    };
    Engine::open(path, options, None).expect("opens")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn reads_as_a_map_would(steps in prop::collection::vec(step(), 1..16), from in -3_500..7_000_i64, len in 0..4_000_i64) {
        let folder = tempfile::tempdir().expect("made");
        let mut engine = open(folder.path());
        let (mut model, mut kept) = (Samples::new(), Kept::default());
        let mut without = BTreeSet::new();
        for step in steps {
            let before = (engine.snapshot(), model.clone());
            match step {
                Step::Write(samples) => {
                    let receipt = write_started(&engine, &samples).expect("written");
                    let stored: Vec<_> = samples.into_iter().filter(|s| s.1 >= kept.horizon()).collect();
                    prop_assert_eq!(receipt.stored, stored.len() as u64);
                    add(&mut model, &stored);
                    for (series, t, _) in stored {
                        without.remove(&(labels(series), t));
                    }
                }
                Step::Backfill(start, step) => backfill(&engine, &mut model, &mut without, start, step),
                Step::Flush => engine.flush().expect("flushes"),
                Step::FlushDue => engine.flush_due().expect("flushes"),
                Step::Condense => engine.condense().expect("condenses"),
                Step::Compact => engine.compact().expect("merges"),
                Step::Leave => engine.let_series_leave().expect("open"),
                Step::Reopen => {
                    drop(engine);
                    engine = reopen(folder.path(), options().block_duration_ms, &kept);
                }
                Step::Close => {
                    engine.close().expect("closes");
                    prop_assert_eq!(engine.stats().head_samples, 0);
                    prop_assert_eq!(engine.stats().wal_bytes, 0);
                    drop(engine);
                    engine = reopen(folder.path(), options().block_duration_ms, &kept);
                }
                Step::ChangeDuration(block_duration_ms) => {
                    drop(engine);
                    engine = reopen(folder.path(), block_duration_ms, &kept);
                }
                Step::Retain(from, more) => {
                    kept.raise(from, more);
                    engine.set_retention(kept.retention()).expect("sound");
                }
                Step::Delete(rest, from, len) => {
                    let range = TimeRange::new(from, from + len);
                    let name = rest.map_or("metric_.*".to_owned(), |rest| format!("metric_{rest}"));
                    let matcher = Matcher::new("__name__", MatchOp::Regex, name).expect("valid");
                    let preview = engine.preview_delete(&[vec![matcher.clone()]], range).expect("counts");
                    let receipt = engine.delete(&[vec![matcher.clone()]], range).expect("deletes");
                    let lost = remove(&mut model, &matcher, range);
                    prop_assert_eq!((receipt.series, receipt.samples), lost);
                    prop_assert_eq!(preview, receipt);
                }
            }
            kept.apply(&mut model);
            prop_assert_eq!(read(&before.0, TimeRange::ALL), before.1, "a snapshot does not change");
            prop_assert_eq!(&read_all(&engine), &model);
            prop_assert_eq!(read_starts(&engine.snapshot(), TimeRange::ALL), wanted(&model, &without));
        }
        let range = TimeRange::new(from, from + len);
        let mut want = model.clone();
        want.values_mut().for_each(|samples| samples.retain(|t, _| range.contains(*t)));
        want.retain(|_, samples| !samples.is_empty());
        prop_assert_eq!(read_starts(&engine.snapshot(), range), wanted(&want, &without));
        prop_assert_eq!(read(&engine.snapshot(), range), want);
        let times = || model.values().flat_map(|s| s.keys().copied());
        engine.flush().and_then(|()| engine.compact()).expect("all deletes are done");
        prop_assert_eq!(&read_all(&engine), &model);
        prop_assert_eq!(engine.stats().tombstones, 0);
        let reader = Engine::open_read_only(folder.path()).expect("opens");
        let mut read = read_all(&reader);
        kept.apply(&mut read);
        prop_assert_eq!(&read, &model, "a reader has no retention of its own");
        if kept.is_everything() {
            prop_assert_eq!(engine.snapshot().time_bounds(), times().min().zip(times().max()));
        }
        prop_assert_eq!(crate::verify(folder.path()).expect("reads").damaged, vec![]);
    }
}
