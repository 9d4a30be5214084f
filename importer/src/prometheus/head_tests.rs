//! The logs of a data folder that Prometheus wrote, imported.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_engine::{Engine, Options};
use narthex_model::{HistogramRef, ResetHint, Span, TimeRange, format_float};

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
        let samples: Vec<_> = columns.samples(at).collect();
        let text = move |(t, value): (i64, f64)| format!("{labels} {t} {:016x}", value.to_bits());
        samples.into_iter().map(text)
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

fn numbers(values: &[f64]) -> String {
    let texts: Vec<_> = values.iter().map(|v| format_float(*v)).collect();
    format!("[{}]", texts.join(","))
}

fn side(spans: &[Span], buckets: &[f64]) -> String {
    let spans: Vec<_> = spans
        .iter()
        .map(|s| format!("[{},{}]", s.offset, s.length))
        .collect();
    format!("[[{}],{}]", spans.join(","), numbers(buckets))
}

fn histogram_text(h: &HistogramRef<'_>) -> String {
    let first = [
        f64::from(h.schema),
        h.zero_threshold,
        h.zero_count,
        h.count,
        h.sum,
    ];
    let positive = side(h.positive_spans, h.positive_buckets);
    let negative = side(h.negative_spans, h.negative_buckets);
    format!(
        "[{},{positive},{negative},{}]",
        numbers(&first),
        numbers(h.custom_values)
    )
}

/// The histograms of the store as texts, and how many are known to follow a reset.
fn stored_histograms(engine: &Engine) -> (BTreeSet<String>, usize) {
    let snapshot = engine.snapshot();
    let selection = snapshot.select(&[], TimeRange::ALL).expect("a selection");
    let columns = selection
        .read_histograms(0..selection.len())
        .expect("samples");
    let (mut texts, mut resets) = (BTreeSet::new(), 0);
    for at in 0..selection.len() {
        let labels = selection.series(at).labels;
        for row in columns.offsets[at]..columns.offsets[at + 1] {
            let (t, _, histogram) = columns.samples.get(row as usize).expect("a sample");
            texts.insert(format!("{labels} {t} {}", histogram_text(&histogram)));
            resets += usize::from(histogram.reset_hint == ResetHint::Reset);
        }
    }
    (texts, resets)
}

#[test]
fn a_whole_folder_comes_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path());
    let blocks = find_blocks(&source()).expect("blocks");
    for _ in 0..2 {
        let mut log = engine.import_log().expect("a log");
        let plan = Plan::new(&blocks, engine.block_duration_ms(), Some(&log)).expect("a plan");
        run_blocks(&engine, &mut log, &plan, &()).expect("imported");
        import(&engine, &source());
        let mut found = stored(&engine);
        let (histograms, resets) = stored_histograms(&engine);
        assert!(resets > 0);
        found.extend(histograms);
        let text = std::fs::read_to_string(source().join("samples.txt")).expect("the text");
        let want: BTreeSet<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(
            found.symmetric_difference(&want).collect::<Vec<_>>(),
            Vec::<&String>::new()
        );
        engine.flush().expect("flushed");
        engine.compact().expect("compacted");
    }
    engine.close().expect("closed");
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
