//! A head that is larger than its budget: cut early, while it is written and while it is replayed.

use narthex_model::{Matcher, TimeRange};

use super::support::{Samples, add, open, options, read_all, write};
use crate::{Engine, Options};

const BUDGET: u64 = 1 << 20;

fn with_budget(memory_budget_bytes: u64) -> Options {
    Options {
        memory_budget_bytes,
        block_duration_ms: 3_600_000,
        wal_segment_bytes_max: 128 << 10,
        ..options()
    }
}

/// 5,000 samples of 50 series that do not compress.
fn noise(round: i64) -> Vec<(u32, i64, f64)> {
    let sample = |i: i64| {
        let t = round * 100 + i / 50;
        ((i % 50) as u32, t, 1.0 / (t as f64 + 3.7))
    };
    (0..5_000).map(sample).collect()
}

#[test]
fn writes_wait_for_early_flushes() {
    let folder = tempfile::tempdir().expect("made");
    let engine = Engine::open(folder.path(), with_budget(BUDGET), None).expect("opens");
    let mut model = Samples::new();
    for round in 0..50 {
        write(&engine, &noise(round));
        add(&mut model, &noise(round));
        let stats = engine.stats();
        assert!(
            stats.head_bytes < BUDGET * 5 / 4,
            "{} bytes",
            stats.head_bytes
        );
    }
    let stats = engine.stats();
    assert!(stats.early_flushes > 0 && stats.blocks > 0, "{stats:?}");
    assert!(read_all(&engine) == model);
    drop(engine);
    assert!(read_all(&open(folder.path())) == model);
}

#[test]
fn a_wal_larger_than_the_budget_is_replayed() {
    let folder = tempfile::tempdir().expect("made");
    let engine = Engine::open(folder.path(), with_budget(64 << 20), None).expect("opens");
    for round in 0..50 {
        write(&engine, &noise(round));
        if round == 30 {
            let one = vec![Matcher::equal("job", "job 7")];
            engine
                .delete(&[one], TimeRange::new(500, 3_500))
                .expect("deleted");
            write(&engine, &[(7, 1_000, 7.0)]);
        }
    }
    let want = read_all(&engine);
    assert_eq!(engine.stats().blocks, 0);
    drop(engine);
    let engine = Engine::open(folder.path(), with_budget(BUDGET), None).expect("opens");
    let stats = engine.stats();
    assert!(stats.blocks > 1, "{stats:?}");
    assert!(stats.head_bytes < BUDGET, "{stats:?}");
    assert!(read_all(&engine) == want);
    engine.close().expect("closes");
    drop(engine);
    assert!(read_all(&open(folder.path())) == want);
}
