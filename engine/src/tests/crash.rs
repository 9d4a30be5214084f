//! What is left after a crash, and on a disk that fails: nothing acknowledged is lost, nothing counts twice.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::thread;

use narthex_model::ErrorKind;

use super::support::{
    FailingFileSystem, Samples, add, copy_folder, open, options, read_all, try_write, write,
};
use crate::Engine;

#[test]
fn acknowledged_samples_survive_a_copy_at_any_moment() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    let acknowledged = Mutex::new((0_i64, false));
    thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0..400 {
                write(
                    &engine,
                    &[(0, i * 20, i as f64), (i as u32 % 5 + 1, i * 20, 1.0)],
                );
                acknowledged.lock().expect("held").0 = i + 1;
                if i % 90 == 89 {
                    engine.flush().expect("flushes");
                }
            }
            acknowledged.lock().expect("held").1 = true;
        });
        let mut copies = 0;
        loop {
            let (at_least, done) = *acknowledged.lock().expect("held");
            let copy = tempfile::tempdir().expect("made");
            // A flush removes files while they are copied; such a copy is no moment in time.
            engine.between_flushes(|| copy_folder(folder.path(), copy.path()));
            check_copy(&open(copy.path()), at_least);
            copies += 1;
            if done {
                break;
            }
        }
        assert!(copies > 0);
    });
}

/// The copy holds batches 0..n for some n that is at least `at_least`.
fn check_copy(copy: &Engine, at_least: i64) {
    let read = read_all(copy);
    let count = read.values().map(|s| s.len() as i64).sum::<i64>() / 2;
    assert!(count >= at_least, "{count} of {at_least} batches");
    let mut want = Samples::new();
    for i in 0..count {
        add(
            &mut want,
            &[(0, i * 20, i as f64), (i as u32 % 5 + 1, i * 20, 1.0)],
        );
    }
    assert_eq!(read, want);
}

#[test]
fn a_block_whose_flush_never_ended_counts_once() {
    let folder = tempfile::tempdir().expect("made");
    let fs = FailingFileSystem::default();
    let faults = fs.faults.clone();
    let engine = Engine::open_on(Arc::new(fs), folder.path(), options(), None).expect("opens");
    let mut model = Samples::new();
    for t in [100, 1100, 200] {
        write(&engine, &[(1, t, t as f64)]);
        add(&mut model, &[(1, t, t as f64)]);
    }
    faults.rename.store(true, SeqCst);
    assert_eq!(
        engine.flush().expect_err("fails").kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(
        (read_all(&engine), engine.stats().blocks),
        (model.clone(), 0)
    );
    let crashed = tempfile::tempdir().expect("made");
    copy_folder(folder.path(), crashed.path());
    assert_eq!(
        std::fs::read_dir(crashed.path().join("blocks"))
            .expect("listed")
            .count(),
        1
    );
    assert_eq!(read_all(&open(crashed.path())), model);
    assert_eq!(
        std::fs::read_dir(crashed.path().join("blocks"))
            .expect("listed")
            .count(),
        0
    );
    faults.rename.store(false, SeqCst);
    engine
        .flush()
        .expect("the next flush ends what the first began");
    assert_eq!(
        (
            read_all(&engine),
            engine.stats().blocks,
            engine.stats().block_samples
        ),
        (model.clone(), 2, 3)
    );
    assert_eq!(engine.stats().wal_bytes, 0);
    drop(engine);
    assert_eq!(read_all(&open(folder.path())), model);
}

#[test]
fn segments_that_outlive_their_flush_count_once() {
    let folder = tempfile::tempdir().expect("made");
    let fs = FailingFileSystem::default();
    let faults = fs.faults.clone();
    let engine = Engine::open_on(Arc::new(fs), folder.path(), options(), None).expect("opens");
    let samples = [(1, 100, 1.0), (2, 1_200, 2.0), (1, 90, 3.0)];
    let mut model = Samples::new();
    add(&mut model, &samples);
    write(&engine, &samples);
    faults.remove.store(true, SeqCst);
    engine.flush().expect("the samples are in blocks");
    assert!(engine.stats().wal_bytes > 0);
    let crashed = tempfile::tempdir().expect("made");
    copy_folder(folder.path(), crashed.path());
    let after = open(crashed.path());
    assert_eq!(
        (
            read_all(&after),
            after.stats().head_samples,
            after.stats().blocks
        ),
        (model.clone(), 0, 2)
    );
    write(&after, &[(1, 95, 4.0)]);
    add(&mut model, &[(1, 95, 4.0)]);
    after.flush().expect("flushes");
    assert_eq!(
        (read_all(&after), after.stats().wal_bytes),
        (model.clone(), 0)
    );
    drop(after);
    assert_eq!(read_all(&open(crashed.path())), model);
}

#[test]
fn a_failing_disk_acknowledges_nothing_and_recovers() {
    let folder = tempfile::tempdir().expect("made");
    let fs = FailingFileSystem::default();
    let faults = fs.faults.clone();
    let engine = Engine::open_on(Arc::new(fs), folder.path(), options(), None).expect("opens");
    let mut model = Samples::new();
    let mut t = 0;
    for flags in [
        [&faults.append].as_slice(),
        &[&faults.sync],
        &[&faults.append, &faults.truncate],
        &[&faults.create],
    ] {
        for segment_is_open in [true, false] {
            if segment_is_open {
                t += 10;
                write(&engine, &[(t as u32 % 7, t, 1.0)]);
                add(&mut model, &[(t as u32 % 7, t, 1.0)]);
            } else {
                engine.flush().expect("flushes");
            }
            if segment_is_open && flags[0].as_ptr() == faults.create.as_ptr() {
                continue;
            }
            flags.iter().for_each(|f| f.store(true, SeqCst));
            for _ in 0..2 {
                let error =
                    try_write(&engine, &[(9, t + 1, 1.0), (8, t - 5, 2.0)]).expect_err("fails");
                assert_eq!(error.kind(), ErrorKind::Unavailable);
                assert!(error.to_string().contains("wal"), "{error}");
                assert_eq!(read_all(&engine), model, "queries go on");
            }
            flags.iter().for_each(|f| f.store(false, SeqCst));
            t += 10;
            write(&engine, &[(9, t, 5.0)]);
            add(&mut model, &[(9, t, 5.0)]);
            assert_eq!(read_all(&engine), model);
            let crashed = tempfile::tempdir().expect("made");
            copy_folder(folder.path(), crashed.path());
            assert_eq!(read_all(&open(crashed.path())), model);
        }
    }
}

#[test]
fn many_writers_share_an_fsync() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    thread::scope(|scope| {
        for series in 0..8 {
            let engine = &engine;
            scope.spawn(move || (0..50).for_each(|i| write(engine, &[(series, i, i as f64)])));
        }
    });
    assert!(engine.stats().wal_fsyncs <= 400);
    assert_eq!(engine.stats().samples_appended, 400);
    drop(engine);
    let engine = open(folder.path());
    assert_eq!(
        read_all(&engine).values().map(BTreeMap::len).sum::<usize>(),
        400
    );
}
