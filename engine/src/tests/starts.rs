//! Since when floats count: what the model of other tests knows of it, and what it costs where nobody says it.

use std::collections::{BTreeMap, BTreeSet};

use futures::executor::block_on;
use narthex_model::{Labels, Receipt, Result, Sink, TimeRange, WriteBatch};

use super::support::{Samples, labels, open, options, write};
use crate::block::Wanted;
use crate::{Engine, Snapshot};

/// Start timestamps by labels and time, where they are known.
pub(super) type Starts = BTreeMap<(Labels, i64), i64>;

/// Since when a sample counts, for every third series.
fn start_of(series: u32, t: i64) -> i64 {
    match series % 3 {
        2 => t.div_euclid(700) * 700 - 10_000,
        _ => 0,
    }
}

/// Writes samples with their start timestamps.
pub(super) fn write_started(engine: &Engine, samples: &[(u32, i64, f64)]) -> Result<Receipt> {
    let mut batch = WriteBatch::new();
    for (series, t, value) in samples {
        let position = batch.push_packed_series(labels(*series).as_ref());
        batch.push_sample_with_start(position, *t, *value, start_of(*series, *t));
    }
    block_on(engine.write(batch))
}

/// What is to be read of the first six series of `model`; `without` were not written with [`write_started`].
pub(super) fn wanted(model: &Samples, without: &BTreeSet<(Labels, i64)>) -> Starts {
    let mut starts = Starts::new();
    for series in 0..6 {
        let labels = labels(series);
        for t in model.get(&labels).into_iter().flat_map(BTreeMap::keys) {
            let (key, start) = ((labels.clone(), *t), start_of(series, *t));
            if start != 0 && !without.contains(&key) {
                starts.insert(key, start);
            }
        }
    }
    starts
}

/// All start timestamps in a range.
pub(super) fn read_starts(snapshot: &Snapshot, range: TimeRange) -> Starts {
    let selection = snapshot.select(&[], range).expect("selects");
    let positions = 0..selection.len();
    let columns = selection
        .read_wanted(positions.clone(), Wanted::FLOATS.with_starts())
        .expect("reads");
    let plain = selection.read(positions.clone()).expect("reads");
    assert_eq!(columns.timestamps, plain.timestamps);
    assert!(columns.starts.is_empty() || columns.starts.len() == columns.values.len());
    assert!(plain.starts.is_empty());
    let mut starts = Starts::new();
    for at in positions {
        for (row, t) in columns.rows(at).zip(columns.times(at)) {
            let start = columns.starts.get(row).copied().unwrap_or(0);
            if start != 0 {
                let labels = selection.series(at).labels.to_owned();
                starts.insert((labels, *t), start);
            }
        }
    }
    assert!(starts.is_empty() || selection.has_start_timestamps());
    starts
}

#[test]
fn a_store_without_them_writes_what_it_always_wrote() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(2, 10, 1.0)]);
    let version = |path: std::path::PathBuf| std::fs::read(path).expect("reads")[8];
    assert_eq!(version(folder.path().join("wal/00000001.wal")), 2);
    assert!(
        !engine
            .snapshot()
            .select(&[], TimeRange::ALL)
            .expect("selects")
            .has_start_timestamps()
    );
    write_started(&engine, &[(1, 20, 1.0)]).expect("written");
    assert!(
        !folder.path().join("wal/00000002.wal").exists(),
        "no sample says it"
    );
    write_started(&engine, &[(2, 20, 1.0)]).expect("written");
    assert_eq!(version(folder.path().join("wal/00000002.wal")), 3);
    let known = Starts::from([((labels(2), 20), start_of(2, 20))]);
    assert_eq!(read_starts(&engine.snapshot(), TimeRange::ALL), known);
    drop(engine);
    let engine = Engine::open(folder.path(), options(), None).expect("opens");
    assert_eq!(read_starts(&engine.snapshot(), TimeRange::ALL), known);
    engine.flush().expect("flushes");
    assert_eq!(read_starts(&engine.snapshot(), TimeRange::ALL), known);
    write(&engine, &[(0, 5000, 1.0)]);
    engine.flush().expect("flushes");
    let metas = engine.blocks();
    let versions: BTreeSet<u32> = metas.iter().map(|b| b.1.version).collect();
    assert_eq!(versions, BTreeSet::from([2, 3]));
}
