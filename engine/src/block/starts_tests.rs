//! Blocks with floats that say since when they count: compatibility data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_model::{Labels, TimeRange};
use tempfile::TempDir;
use ulid::Ulid;

use super::*;
use crate::fs::RealFileSystem;
use crate::histograms::HistogramRows;

const ULID: Ulid = Ulid::from_parts(1_700_000_000_000, 11);
const START: i64 = 1_700_000_000_000;

fn labels(name: &str) -> Labels {
    Labels::new([("__name__", name), ("job", "a")]).expect("valid")
}

/// Compatibility data is made of it: do not change it.
fn write_started(parent: &Path) -> PathBuf {
    let span = TimeRange::new(START, START + 7_200_000);
    let source = BlockSource {
        wal_through: Some(3),
        level: 1,
        parents: Vec::new(),
        deletes_through: 0,
    };
    let fs = Arc::new(RealFileSystem);
    let writer = BlockWriter::create_on(fs, parent, ULID, span, source, START, true);
    let mut writer = writer.expect("created");
    let timestamps: Vec<i64> = (0..600).map(|i| START + i * 1000).collect();
    let values: Vec<f64> = (0..600).map(|i| f64::from(i % 400)).collect();
    for name in ["counter", "gauge", "late"] {
        let labels = labels(name);
        let series = SeriesSamples {
            labels: labels.as_ref(),
            timestamps: &timestamps,
            values: &values,
        };
        let pushed = writer.push_started(series, &starts(name), &HistogramRows::default());
        pushed.expect("pushed");
    }
    writer.finish().expect("finished");
    parent.join(ULID.to_string())
}

fn starts(name: &str) -> Vec<i64> {
    let start = |i: i64| match name {
        "counter" => START - 1 + i / 400 * 400_000,
        _ if i >= 500 => START,
        _ => 0,
    };
    match name {
        "gauge" => Vec::new(),
        _ => (0..600).map(start).collect(),
    }
}

fn check_started(path: &Path) {
    let (block, _) = Block::open(path).expect("opens");
    let meta = block.meta();
    assert_eq!((meta.version, meta.start_timestamps), (3, 700));
    for (ordinals, from, to) in [
        (&[0_u32, 1, 2][..], 0, 600),
        (&[0, 2], 390, 501),
        (&[1], 0, 600),
    ] {
        let range = TimeRange::new(START + from * 1000, START + to * 1000);
        let mut read = DecodedSamples::default();
        block
            .read_wanted(ordinals, range, Wanted::FLOATS.with_starts(), &mut read)
            .expect("reads");
        let of = |ordinal: &u32| {
            let all = starts(["counter", "gauge", "late"][*ordinal as usize]);
            let all = if all.is_empty() { vec![0; 600] } else { all };
            all[from as usize..to as usize].to_vec()
        };
        let want: Vec<i64> = ordinals.iter().flat_map(of).collect();
        let known = want.iter().any(|s| *s != 0);
        assert_eq!(read.starts, if known { want } else { Vec::new() });
    }
    assert!(verify_block(path).iter().all(|c| c.damage.is_none()));
}

#[test]
fn start_timestamps_are_read() {
    let dir = TempDir::new().expect("a folder");
    check_started(&write_started(dir.path()));
}

/// `tests/data/block-v3` was written by [`write_started`]. Blocks of that version must be readable forever.
#[test]
fn version_3_stays_readable() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/block-v3");
    check_started(&data.join(ULID.to_string()));
}
