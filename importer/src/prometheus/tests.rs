//! Blocks that Prometheus wrote, imported.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_engine::{Engine, Options};
use narthex_formats::{Protocol, write_batch};
use narthex_model::{Labels, TimeRange};

use super::*;

type Series = BTreeMap<Labels, Vec<(i64, u64)>>;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/data/prometheus-blocks")
}

fn open(folder: &Path) -> Arc<Engine> {
    Engine::open(folder, Options::default(), None).expect("a store")
}

fn import(engine: &Engine) -> Report {
    let mut log = engine.import_log().expect("a log");
    let blocks = find_blocks(&fixture()).expect("blocks");
    let plan = Plan::new(&blocks, engine.block_duration_ms(), Some(&log)).expect("a plan");
    run_blocks(engine, &mut log, &plan, &()).expect("imported")
}

fn stored(engine: &Engine) -> Series {
    let selection = engine
        .snapshot()
        .select(&[], TimeRange::ALL)
        .expect("a selection");
    let columns = selection.read(0..selection.len()).expect("samples");
    let series = (0..selection.len()).map(|at| {
        let samples = columns.samples(at).map(|(t, v)| (t, v.to_bits()));
        (selection.series(at).labels.to_owned(), samples.collect())
    });
    series.collect()
}

/// What the text holds that the blocks were made of, without what was deleted.
fn wanted() -> Series {
    let text = std::fs::read(fixture().join("samples.om")).expect("the text");
    let batch = write_batch(Protocol::OpenMetricsText1_0_0, &text, 0).expect("a batch");
    let mut series = Series::new();
    let rows = batch
        .sample_series()
        .iter()
        .zip(batch.timestamps())
        .zip(batch.values());
    for ((series_at, t), value) in rows {
        let labels = batch.labels(*series_at).to_owned();
        let deleted = TimeRange::inclusive(1_735_690_000_000, 1_735_698_000_000);
        let is_deleted = labels.get("host") == Some("b") && deleted.contains(*t);
        if !is_deleted {
            series
                .entry(labels)
                .or_default()
                .push((*t, value.to_bits()));
        }
    }
    series
}

/// Go has another NaN than Rust.
fn without_nan(mut series: Series) -> Series {
    for samples in series.values_mut() {
        samples.retain(|s| !f64::from_bits(s.1).is_nan());
    }
    series
}

#[test]
fn blocks_come_in_without_what_was_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path());
    let report = import(&engine);
    assert_eq!((report.samples, report.blocks), (111, 1));
    assert_eq!(without_nan(stored(&engine)), without_nan(wanted()));
    engine.close().expect("closed");
}

#[test]
fn a_second_import_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path());
    import(&engine);
    let before = stored(&engine);
    engine.close().expect("closed");
    let engine = open(folder.path());
    let again = import(&engine);
    assert_eq!(
        (again.samples, again.blocks, again.spans_skipped),
        (0, 0, 1)
    );
    assert_eq!(stored(&engine), before);
    engine.close().expect("closed");
}

#[test]
fn an_import_that_lost_its_note_does_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path());
    import(&engine);
    let before = stored(&engine);
    std::fs::remove_file(folder.path().join("imports.json")).expect("it was there");
    assert_eq!(import(&engine).blocks, 1);
    assert_eq!(stored(&engine), before);
    engine.compact().expect("compacted");
    assert_eq!(stored(&engine), before);
    engine.close().expect("closed");
}

#[test]
fn damage_is_named_and_nothing_of_the_span_is_stored() {
    let source = tempfile::tempdir().expect("a folder");
    let found = find_blocks(&fixture()).expect("blocks");
    let block = source.path().join(&found[0].meta.ulid);
    std::fs::create_dir_all(block.join("chunks")).expect("a folder");
    for name in ["meta.json", "index", "tombstones", "chunks/000001"] {
        std::fs::copy(found[0].folder.join(name), block.join(name)).expect("copied");
    }
    let chunks = block.join("chunks/000001");
    let mut bytes = std::fs::read(&chunks).expect("chunks");
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    std::fs::write(&chunks, bytes).expect("written");
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path());
    let mut log = engine.import_log().expect("a log");
    let blocks = find_blocks(source.path()).expect("blocks");
    let plan = Plan::new(&blocks, engine.block_duration_ms(), Some(&log)).expect("a plan");
    let error = run_blocks(&engine, &mut log, &plan, &())
        .expect_err("damaged")
        .to_string();
    assert!(
        error.contains("chunks/000001") && error.contains("checksum"),
        "{error}"
    );
    assert_eq!((stored(&engine).len(), engine.stats().blocks), (0, 0));
    engine.close().expect("closed");
}

#[test]
fn what_is_no_folder_of_prometheus_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = find_blocks(folder.path()).expect_err("empty").to_string();
    assert!(error.contains("no data folder of Prometheus"), "{error}");
    assert!(find_blocks(&folder.path().join("missing")).is_err());
}
