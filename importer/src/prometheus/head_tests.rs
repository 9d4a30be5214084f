//! The logs of a data folder that Prometheus wrote, imported.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_engine::{Engine, Options};
use narthex_model::TimeRange;

use super::*;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/data/prometheus-folder")
}

fn open(folder: &Path) -> Arc<Engine> {
    let options = Options {
        out_of_order_window_ms: 100 * 365 * 86_400_000,
        ..Options::default()
    };
    Engine::open(folder, options, None).expect("a store")
}

fn import(engine: &Engine, source: &Path) -> Report {
    let blocks = find_blocks(source).expect("blocks");
    let mut log = engine.import_log().expect("a log");
    run_head(engine, &mut log, source, &blocks, &()).expect("imported")
}

/// The floats of the store as texts.
fn stored(engine: &Engine) -> BTreeSet<String> {
    let snapshot = engine.snapshot();
    let selection = snapshot.select(&[], TimeRange::ALL).expect("a selection");
    let columns = selection.read(0..selection.len()).expect("samples");
    let texts = (0..selection.len()).flat_map(|at| {
        let labels = selection.series(at).labels;
        let rows = columns.offsets[at] as usize..columns.offsets[at + 1] as usize;
        let samples = columns.timestamps[rows.clone()]
            .iter()
            .zip(&columns.values[rows]);
        samples.map(move |(t, value)| format!("{labels} {t} {:016x}", value.to_bits()))
    });
    texts.collect()
}

/// The floats that were sent after the in-order block was cut, or late, without what was deleted.
fn wanted() -> BTreeSet<String> {
    let blocks = find_blocks(&source()).expect("blocks");
    let cut = blocks.iter().filter(|b| !b.meta.is_out_of_order);
    let end = cut.map(|b| b.meta.range.end).max().expect("a block");
    let text = std::fs::read_to_string(source().join("samples.txt")).expect("the text");
    let is_float_of_head = |line: &&str| {
        let mut words = line.rsplitn(3, ' ');
        let (value, t) = (
            words.next().expect("a value"),
            words.next().expect("a time"),
        );
        let t: i64 = t.parse().expect("a number");
        !value.starts_with('[') && t >= end && !line.contains("late")
    };
    text.lines()
        .filter(is_float_of_head)
        .map(str::to_owned)
        .collect()
}

#[test]
fn samples_of_the_logs_come_in_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path());
    import(&engine, &source());
    // Those that came late may be in a block already.
    let mut found = stored(&engine);
    found.retain(|line| !line.contains("late"));
    assert_eq!(found, wanted());
    let before = engine.stats().samples_appended;
    let again = import(&engine, &source());
    assert_eq!(
        (again.samples, engine.stats().samples_appended),
        (0, before)
    );
    engine.close().expect("closed");
}

#[test]
fn a_torn_end_is_noted_and_other_damage_is_an_error() {
    let copy = tempfile::tempdir().expect("a folder");
    let wal = copy.path().join("wal");
    std::fs::create_dir(&wal).expect("a folder");
    let names = ["00000000", "00000001"];
    for name in names {
        std::fs::copy(source().join("wal").join(name), wal.join(name)).expect("copied");
    }
    let last = wal.join("00000001");
    let bytes = std::fs::read(&last).expect("a segment");
    std::fs::write(&last, &bytes[..bytes.len() - 20]).expect("written");
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path());
    let report = import(&engine, copy.path());
    assert!(
        report.notes.iter().any(|n| n.contains("00000001")),
        "{:?}",
        report.notes
    );
    let first = wal.join("00000000");
    let mut bytes = std::fs::read(&first).expect("a segment");
    bytes[100] ^= 1;
    std::fs::write(&first, bytes).expect("written");
    let mut log = engine.import_log().expect("a log");
    let error = run_head(&engine, &mut log, copy.path(), &[], &()).expect_err("damaged");
    assert!(error.to_string().contains("00000000"), "{error}");
    engine.close().expect("closed");
}
