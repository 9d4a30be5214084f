//! Retention: what is too old or too much leaves, and is not answered in the meantime.

use std::collections::BTreeMap;

use narthex_model::{Matcher, TimeRange};

use super::support::{Samples, add, open, options, read, read_all, try_write, write};
use crate::{Engine, Retention, RetentionRule};

/// Keeps what is not before `start`.
fn from(start: i64) -> Option<i64> {
    Some((options().now)() - start)
}

fn samples(samples: &[(u32, i64, f64)]) -> Samples {
    let mut model = Samples::new();
    add(&mut model, samples);
    model
}

#[test]
fn blocks_leave_once_all_of_them_is_too_old() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(0, 100, 1.0), (0, 1_100, 2.0), (0, 1_900, 3.0)]);
    engine.flush().expect("flushes");
    let before = engine.snapshot();
    let retention = Retention {
        time_ms: from(1_500),
        ..Retention::default()
    };
    engine.set_retention(retention.clone()).expect("sound");
    assert_eq!(
        read_all(&engine),
        samples(&[(0, 1_900, 3.0)]),
        "hidden at once"
    );
    assert_eq!(engine.snapshot().time_bounds(), Some((1_500, 1_900)));
    assert_eq!(
        read(&before, TimeRange::ALL)
            .values()
            .next()
            .map(BTreeMap::len),
        Some(3)
    );
    assert_eq!(engine.stats().blocks, 2);
    engine.compact().expect("drops");
    assert_eq!(
        (engine.stats().blocks, engine.stats().block_samples),
        (1, 2)
    );
    assert_eq!(
        std::fs::read_dir(folder.path().join("blocks"))
            .expect("listed")
            .count(),
        1
    );
    let receipt = try_write(&engine, &[(1, 1_499, 1.0), (1, 1_500, 1.0)]).expect("written");
    assert_eq!(
        (receipt.stored, receipt.rejected),
        (1, 1),
        "what would never be seen is refused"
    );
}

#[test]
fn the_oldest_blocks_leave_while_there_is_too_much() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    for window in 0..4 {
        write(&engine, &[(0, window * 20_000, 1.0)]);
        engine.flush().expect("flushes");
    }
    let bytes = engine.stats().block_bytes;
    let retention = Retention {
        size_bytes: Some(bytes * 5 / 8),
        ..Retention::default()
    };
    engine.set_retention(retention).expect("sound");
    engine.compact().expect("drops");
    assert_eq!(
        read_all(&engine),
        samples(&[(0, 40_000, 1.0), (0, 60_000, 1.0)])
    );
    assert!(engine.stats().block_bytes <= bytes * 5 / 8);
}

#[test]
fn selectors_keep_some_series_shorter_and_others_longer() {
    let folder = tempfile::tempdir().expect("made");
    let rule = |name: &str, time_ms| RetentionRule {
        matchers: vec![Matcher::equal("__name__", name)],
        time_ms,
    };
    let retention = Retention {
        time_ms: from(1_500),
        size_bytes: None,
        rules: vec![rule("metric_0", from(1_800)), rule("metric_1", None)],
    };
    let options = crate::Options {
        retention,
        ..options()
    };
    let engine = Engine::open(folder.path(), options.clone(), None).expect("opens");
    for series in 0..3 {
        write(
            &engine,
            &[
                (series, 1_100, 1.0),
                (series, 1_600, 2.0),
                (series, 1_900, 3.0),
            ],
        );
    }
    let left = samples(&[
        (0, 1_900, 3.0),
        (1, 1_100, 1.0),
        (1, 1_600, 2.0),
        (1, 1_900, 3.0),
        (2, 1_600, 2.0),
        (2, 1_900, 3.0),
    ]);
    assert_eq!(read_all(&engine), left, "in the head");
    engine.close().expect("closes");
    let engine = Engine::open(folder.path(), options, None).expect("opens");
    assert_eq!((read_all(&engine), engine.stats().block_samples), (left, 6));
    let retention = Retention {
        rules: vec![rule("metric_1", from(1_950)), rule("metric_2", None)],
        ..Retention::default()
    };
    engine.set_retention(retention).expect("sound");
    let left = samples(&[(0, 1_900, 3.0), (2, 1_600, 2.0), (2, 1_900, 3.0)]);
    assert_eq!(read_all(&engine), left);
    engine
        .compact()
        .expect("rewrites a block of which half is too old");
    assert_eq!((read_all(&engine), engine.stats().block_samples), (left, 3));
}

#[test]
fn a_retention_that_keeps_nothing_is_refused() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    for retention in [
        Retention {
            time_ms: Some(0),
            ..Retention::default()
        },
        Retention {
            size_bytes: Some(0),
            ..Retention::default()
        },
    ] {
        assert!(engine.set_retention(retention).is_err());
    }
}
