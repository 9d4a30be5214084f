//! Any sequence of writes, flushes and restarts reads as a map would.

use narthex_model::TimeRange;
use proptest::prelude::*;

use super::support::{Samples, add, open, options, read, read_all, write};
use crate::Engine;

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<(u32, i64, f64)>),
    Flush,
    FlushDue,
    Compact,
    Reopen,
    Close,
    ChangeDuration(i64),
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
        1 => Just(Step::Flush),
        1 => Just(Step::FlushDue),
        2 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        1 => Just(Step::Close),
        1 => (1..4_i64).prop_map(|n| Step::ChangeDuration(n * 700)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn reads_as_a_map_would(steps in prop::collection::vec(step(), 1..16), from in -3_500..7_000_i64, len in 0..4_000_i64) {
        let folder = tempfile::tempdir().expect("made");
        let mut engine = open(folder.path());
        let mut model = Samples::new();
        for step in steps {
            let before = (engine.snapshot(), model.clone());
            match step {
                Step::Write(samples) => {
                    write(&engine, &samples);
                    add(&mut model, &samples);
                }
                Step::Flush => engine.flush().expect("flushes"),
                Step::FlushDue => engine.flush_due().expect("flushes"),
                Step::Compact => engine.compact().expect("merges"),
                Step::Reopen => {
                    drop(engine);
                    engine = open(folder.path());
                }
                Step::Close => {
                    engine.close().expect("closes");
                    prop_assert_eq!(engine.stats().head_samples, 0);
                    prop_assert_eq!(engine.stats().wal_bytes, 0);
                    drop(engine);
                    engine = open(folder.path());
                }
                Step::ChangeDuration(block_duration_ms) => {
                    drop(engine);
                    let options = crate::Options { block_duration_ms, ..options() };
                    engine = Engine::open(folder.path(), options, None).expect("opens");
                }
            }
            prop_assert_eq!(read(&before.0, TimeRange::ALL), before.1, "a snapshot does not change");
            prop_assert_eq!(&read_all(&engine), &model);
        }
        let range = TimeRange::new(from, from + len);
        let mut want = model.clone();
        want.values_mut().for_each(|samples| samples.retain(|t, _| range.contains(*t)));
        want.retain(|_, samples| !samples.is_empty());
        prop_assert_eq!(read(&engine.snapshot(), range), want);
        let reader = Engine::open_read_only(folder.path()).expect("opens");
        prop_assert_eq!(read_all(&reader), model.clone());
        let times = || model.values().flat_map(|s| s.keys().copied());
        prop_assert_eq!(engine.snapshot().time_bounds(), times().min().zip(times().max()));
        prop_assert_eq!(crate::verify(folder.path()).expect("reads").damaged, vec![]);
    }
}
