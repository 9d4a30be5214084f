//! Condensed segments hold what the others held, and damage in them is found.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_model::ErrorKind;

use super::support::{Samples, add, options, read_all, write};
use crate::{Engine, Options, inspect_wal, repair, verify};

/// Segments of 20 kB, of which several are filled.
fn filled(folder: &Path) -> (Arc<Engine>, Samples) {
    let engine = open(folder, options().block_duration_ms);
    let mut model = Samples::new();
    for i in 0..60_u32 {
        let t = i64::from(i) * 60;
        let sample = |n: u32| (n % 9, t + i64::from(n / 9), f64::from(n + i) / 4.0);
        let mut samples: Vec<_> = (0..180).map(sample).collect();
        // Late ones, and one that is replaced.
        samples.push((3, t - 500, 7.0));
        samples.push((4, t, f64::from(i)));
        write(&engine, &samples);
        add(&mut model, &samples);
    }
    (engine, model)
}

fn open(folder: &Path, block_duration_ms: i64) -> Arc<Engine> {
    let options = Options {
        wal_segment_bytes_max: 20_000,
        block_duration_ms,
        ..options()
    };
    Engine::open(folder, options, None).expect("opens")
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let contents = inspect_wal(folder).expect("reads");
    contents.into_iter().map(|c| c.path).collect()
}

#[test]
fn a_condensed_log_is_small_and_reads_the_same() {
    let folder = tempfile::tempdir().expect("made");
    let (engine, model) = filled(folder.path());
    let (before, bytes) = (
        inspect_wal(folder.path()).expect("reads"),
        engine.stats().wal_bytes,
    );
    engine.condense().expect("condenses");
    assert!(
        engine.stats().wal_bytes < bytes * 3 / 4,
        "{} of {bytes}",
        engine.stats().wal_bytes
    );
    let after = inspect_wal(folder.path()).expect("reads");
    let times = |all: &[crate::SegmentContents]| {
        all.iter()
            .map(|c| (c.number, c.series, c.time))
            .collect::<Vec<_>>()
    };
    assert_eq!(times(&before), times(&after));
    assert_eq!(verify(folder.path()).expect("reads").damaged, vec![]);
    assert_eq!(
        read_all(&Engine::open_read_only(folder.path()).expect("opens")),
        model
    );
    let files: u64 = segments(folder.path())
        .iter()
        .map(|p| p.metadata().expect("there").len())
        .sum();
    assert_eq!(files, engine.stats().wal_bytes);
    engine.condense().expect("nothing is left to do");
    drop(engine);
    let engine = open(folder.path(), options().block_duration_ms);
    assert_eq!(read_all(&engine), model);
    engine.flush().expect("flushes");
    assert_eq!(read_all(&engine), model);
    assert_eq!(segments(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn very_many_series_are_condensed_some_at_a_time() {
    let folder = tempfile::tempdir().expect("made");
    let options = || Options {
        wal_segment_bytes_max: 500_000,
        ..options()
    };
    let engine = Engine::open(folder.path(), options(), None).expect("opens");
    let mut model = Samples::new();
    for t in 0..24_i64 {
        let sample = |n: u32| (n, t * 40, f64::from(n % 7) + t as f64);
        let mut samples: Vec<_> = (0..5000).map(sample).collect();
        samples.push((4000, t * 40 - 300, 1.0));
        write(&engine, &samples);
        add(&mut model, &samples);
    }
    let before = engine.stats().wal_bytes;
    engine.condense().expect("condenses");
    let bytes = engine.stats().wal_bytes;
    assert!(bytes < before * 9 / 10, "{bytes} of {before}");
    drop(engine);
    let engine = Engine::open(folder.path(), options(), None).expect("opens");
    assert_eq!(read_all(&engine), model);
}

#[test]
fn windows_of_another_length_take_the_samples_one_by_one() {
    let folder = tempfile::tempdir().expect("made");
    let (engine, model) = filled(folder.path());
    engine.condense().expect("condenses");
    drop(engine);
    // As after a repair that had to guess the length.
    let path = folder.path().join("wal/checkpoint.json");
    let text = std::fs::read_to_string(&path).expect("read");
    std::fs::write(
        &path,
        text.replace("\"block_duration_ms\": 1000", "\"block_duration_ms\": 700"),
    )
    .expect("written");
    assert_eq!(read_all(&open(folder.path(), 700)), model);
    assert_eq!(read_all(&open(folder.path(), 1300)), model);
}

#[test]
fn damage_is_never_taken_for_a_torn_tail() {
    let folder = tempfile::tempdir().expect("made");
    let (engine, _) = filled(folder.path());
    engine.condense().expect("condenses");
    drop(engine);
    // The first one alone, as the last.
    for newer in &segments(folder.path())[1..] {
        std::fs::remove_file(newer).expect("removed");
    }
    let path = folder.path().join("wal/00000001.wal");
    let bytes = std::fs::read(&path).expect("read");
    for at in (0..bytes.len()).step_by(41) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        for damaged in [&flipped, &bytes[..at.max(25)].to_vec()] {
            std::fs::write(&path, damaged).expect("written");
            let opened = Engine::open(folder.path(), options(), None);
            let error = opened.err().expect("damaged");
            assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {at}: {error}");
            assert_eq!(verify(folder.path()).expect("reads").damaged.len(), 1);
        }
    }
    repair(folder.path(), false).expect("repairs");
    assert_eq!(verify(folder.path()).expect("reads").damaged, vec![]);
    Engine::open(folder.path(), options(), None).expect("opens");
}
