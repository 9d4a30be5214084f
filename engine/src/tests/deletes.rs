//! Deletes: at once, for good, and of what was there before alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use narthex_model::{ErrorKind, MatchOp, Matcher, TimeRange};

use super::support::{
    FailingFileSystem, Samples, add, copy_folder, labels, open, options, read, read_all, write,
};
use crate::{DeleteReceipt, Engine};

fn named(name: &str) -> Vec<Vec<Matcher>> {
    vec![vec![Matcher::equal("__name__", name)]]
}

fn samples(samples: &[(u32, i64, f64)]) -> Samples {
    let mut model = Samples::new();
    add(&mut model, samples);
    model
}

#[test]
fn what_is_written_after_a_delete_stays_also_after_a_crash() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(0, 100, 1.0), (1, 100, 1.0), (0, 1_100, 2.0)]);
    engine.flush().expect("flushes");
    write(&engine, &[(0, 200, 3.0), (0, 1_100, 4.0), (3, 250, 5.0)]);
    let before = engine.snapshot();
    let receipt = engine.delete(&named("metric_0"), TimeRange::new(0, 1_000));
    let want = DeleteReceipt {
        series: 2,
        samples: 3,
        time: Some((100, 250)),
        blocks: 1,
    };
    assert_eq!(receipt.expect("deletes"), want);
    write(&engine, &[(0, 100, 6.0), (3, 300, 7.0)]);
    let left = samples(&[(0, 100, 6.0), (0, 1_100, 4.0), (1, 100, 1.0), (3, 300, 7.0)]);
    assert_eq!(read_all(&engine), left);
    let count = |samples: Samples| samples.values().map(BTreeMap::len).sum::<usize>();
    assert_eq!(count(read(&before, TimeRange::ALL)), 5);
    for step in [|_: &Engine| Ok(()), Engine::flush, Engine::compact] {
        step(&engine).expect("works");
        let crashed = tempfile::tempdir().expect("made");
        copy_folder(folder.path(), crashed.path());
        let reader = Engine::open_read_only(crashed.path()).expect("opens");
        assert_eq!(read_all(&reader), left);
        let after = open(crashed.path());
        assert_eq!(read_all(&after), left);
        after.close().expect("closes");
        assert_eq!(read_all(&open(crashed.path())), left);
    }
    assert_eq!(engine.stats().tombstones, 0, "it is done everywhere");
}

#[test]
fn series_without_samples_are_not_named() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(0, 100, 1.0), (1, 100, 1.0), (4, 1_500, 1.0)]);
    for _ in 0..2 {
        let all = TimeRange::new(0, 1_000);
        engine.delete(&named("metric_1"), all).expect("deletes");
        let snapshot = engine.snapshot();
        let jobs = |range| snapshot.label_values("job", &[], range).expect("values");
        assert_eq!(jobs(all), ["job 0"]);
        assert_eq!(jobs(TimeRange::ALL), ["job 0", "job 4"]);
        assert_eq!(snapshot.select(&[], all).expect("selects").len(), 1);
        engine.flush().expect("flushes");
    }
    assert_eq!(
        engine
            .delete(&named("metric_1"), TimeRange::new(0, 1_000))
            .expect("deletes"),
        DeleteReceipt::default()
    );
}

#[test]
fn deleted_samples_leave_the_files() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(0, 100, 1.0), (1, 200, 2.0), (1, 1_200, 2.0)]);
    engine.flush().expect("flushes");
    engine
        .delete(&named("metric_1"), TimeRange::ALL)
        .expect("deletes");
    assert_eq!(
        (engine.stats().block_samples, engine.stats().tombstones),
        (3, 1)
    );
    engine.compact().expect("rewrites");
    let stats = engine.stats();
    assert_eq!(
        (stats.block_samples, stats.blocks, stats.tombstones),
        (1, 1, 0)
    );
    let folders = std::fs::read_dir(folder.path().join("blocks")).expect("listed");
    assert_eq!(folders.count(), 1);
    drop(engine);
    let engine = open(folder.path());
    assert_eq!(read_all(&engine), samples(&[(0, 100, 1.0)]));
    write(&engine, &[(1, 5_000, 1.0)]);
    engine
        .delete(&named("metric_1"), TimeRange::ALL)
        .expect("deletes");
    engine
        .close()
        .expect("a window of which nothing is left needs no block");
    let engine = open(folder.path());
    assert_eq!(
        (read_all(&engine), engine.stats().blocks),
        (samples(&[(0, 100, 1.0)]), 1)
    );
}

#[test]
fn a_delete_that_cannot_be_stored_is_refused() {
    let folder = tempfile::tempdir().expect("made");
    let fs = FailingFileSystem::default();
    let faults = fs.faults.clone();
    let engine = Engine::open_on(Arc::new(fs), folder.path(), options(), None).expect("opens");
    write(&engine, &[(0, 100, 1.0)]);
    faults.rename.store(true, SeqCst);
    let refused = engine
        .delete(&named("metric_0"), TimeRange::ALL)
        .expect_err("fails");
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert_eq!(read_all(&engine), samples(&[(0, 100, 1.0)]));
    faults.rename.store(false, SeqCst);
    engine
        .delete(&named("metric_0"), TimeRange::ALL)
        .expect("deletes");
    assert_eq!(read_all(&engine), Samples::new());
}

#[test]
fn nobody_deletes_everything_by_mistake() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(0, 100, 1.0)]);
    let any = Matcher::new("job", MatchOp::Regex, ".*").expect("valid");
    for sets in [
        vec![],
        vec![vec![]],
        vec![vec![any]],
        [named("metric_0"), vec![vec![]]].concat(),
    ] {
        let refused = engine.delete(&sets, TimeRange::ALL).expect_err("refused");
        assert_eq!(refused.kind(), ErrorKind::Invalid);
    }
    assert_eq!(read_all(&engine).len(), 1);
    let reader = Engine::open_read_only(folder.path()).expect("opens");
    assert!(reader.delete(&named("metric_0"), TimeRange::ALL).is_err());
    assert_eq!(
        reader
            .preview_delete(&named("metric_0"), TimeRange::ALL)
            .expect("counts")
            .samples,
        1
    );
    assert!(read_all(&engine).contains_key(&labels(0)));
}
