//! A block with every kind of sample: compatibility data, and what damage does to it.

use std::fs;
use std::path::{Path, PathBuf};

use narthex_model::{
    ErrorKind, Histogram, Labels, Metadata, MetadataEntry, MetricType, ResetHint, Span, TimeRange,
    stale_nan,
};
use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;
use ulid::Ulid;

use super::schema::OPTIONAL_FILES;
use super::*;
use crate::exemplars::StoredExemplar;
use crate::histograms::HistogramRows;
use crate::metadata::KnownMetadata;

const ULID: Ulid = Ulid::from_parts(1_700_000_000_000, 9);
const START: i64 = 1_700_000_000_000;

fn labels(name: &str) -> Labels {
    Labels::new([("__name__", name), ("job", "a")]).expect("valid")
}

fn span(offset: i32, length: u32) -> Span {
    Span { offset, length }
}

/// Histograms of all sorts: exponential and custom buckets, a gauge, an ended one.
fn histograms() -> Vec<Histogram> {
    let exponential = |i: u32| Histogram {
        schema: 3,
        zero_threshold: 0.001,
        zero_count: f64::from(i),
        count: f64::from(10 * i + 6),
        sum: f64::from(i) / 3.0,
        positive_spans: vec![span(-2, 2), span(3, 1)],
        positive_buckets: vec![f64::from(i), f64::from(2 * i), 3.0],
        negative_spans: vec![span(0, 1)],
        negative_buckets: vec![3.5],
        reset_hint: if i == 0 {
            ResetHint::Reset
        } else {
            ResetHint::NotReset
        },
        ..Histogram::default()
    };
    let custom = Histogram {
        schema: -53,
        count: 3.0,
        sum: 4.5,
        positive_spans: vec![span(0, 1), span(1, 1)],
        positive_buckets: vec![1.0, 2.0],
        custom_values: vec![0.5, 2.5],
        reset_hint: ResetHint::Gauge,
        ..Histogram::default()
    };
    let ended = Histogram {
        sum: stale_nan(),
        ..Histogram::default()
    };
    (0..5).map(exponential).chain([custom, ended]).collect()
}

fn rows() -> HistogramRows {
    let mut rows = HistogramRows::default();
    for (i, histogram) in (0..).zip(histograms()) {
        let start = if i < 3 { START - 60_000 } else { 0 };
        rows.push(START + 15_000 * i, start, &histogram.as_ref());
    }
    rows
}

fn exemplars() -> Vec<StoredExemplar> {
    let exemplar = |i: i64| StoredExemplar {
        series: labels("latency"),
        timestamp: START + i,
        labels: Labels::new([("trace_id", i.to_string().as_str())]).expect("valid"),
        value: 0.5,
    };
    (0..3).map(exemplar).collect()
}

fn metadata() -> Vec<KnownMetadata> {
    vec![KnownMetadata {
        entry: MetadataEntry {
            metric: "latency".to_owned(),
            metadata: Metadata {
                metric_type: MetricType::Histogram,
                help: "How long it takes.".to_owned(),
                unit: "seconds".to_owned(),
            },
        },
        since: START,
    }]
}

/// Compatibility data is made of it: do not change it.
fn write(parent: &Path) -> PathBuf {
    let span = TimeRange::new(START, START + 7_200_000);
    let source = BlockSource {
        wal_through: Some(3),
        level: 1,
        parents: Vec::new(),
        deletes_through: 0,
    };
    let mut writer = BlockWriter::create(parent, ULID, span, source, START).expect("created");
    let (timestamps, values) = ([START - 1, START + 1], [1.0, 2.0]);
    for (name, floats, histograms) in [
        ("latency", 0, rows()),
        ("mixed", 2, rows()),
        ("plain", 2, HistogramRows::default()),
        ("size", 0, rows()),
    ] {
        let labels = labels(name);
        let floats = SeriesSamples {
            labels: labels.as_ref(),
            timestamps: &timestamps[..floats],
            values: &values[..floats],
        };
        writer.push_with(floats, &histograms).expect("pushed");
    }
    for exemplar in exemplars() {
        writer.push_exemplar(exemplar).expect("pushed");
    }
    writer.set_metadata(metadata());
    writer.finish().expect("finished");
    parent.join(ULID.to_string())
}

fn check(path: &Path) {
    let (block, _) = Block::open(path).expect("opens");
    let mut floats = DecodedSamples::default();
    let all = [0, 1, 2, 3];
    block
        .read(&all, TimeRange::ALL, &mut floats)
        .expect("reads");
    assert_eq!(floats.counts, [0, 2, 2, 0]);
    let mut decoded = DecodedHistograms::default();
    let range = TimeRange::new(START + 1, START + 60_001);
    block
        .read_histograms(&[0, 1, 3], range, &mut decoded)
        .expect("reads");
    assert_eq!(decoded.counts, [4, 4, 4]);
    for at in 0..12 {
        let (t, start, histogram) = decoded.rows.get(at).expect("there");
        let (want_t, want_start, want) = rows()
            .get(at % 4 + 1)
            .map(|(t, s, h)| (t, s, h.to_owned()))
            .expect("there");
        assert_eq!((t, start), (want_t, want_start));
        assert!(histogram.same_bits(&want.as_ref()));
    }
    let mut found = Vec::new();
    let range = TimeRange::new(START + 1, START + 9);
    block
        .read_exemplars(range, |e| found.push(e))
        .expect("reads");
    assert_eq!(found, exemplars()[1..]);
    assert_eq!(block.read_metadata().expect("reads"), metadata());
    assert!(verify_block(path).iter().all(|c| c.damage.is_none()));
}

#[test]
fn what_is_written_is_read() {
    let dir = TempDir::new().expect("a folder");
    check(&write(dir.path()));
}

/// `tests/data/block-v2` was written by [`write`]. Blocks of that version must be readable forever.
#[test]
fn version_2_stays_readable() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/block-v2");
    check(&data.join(ULID.to_string()));
}

/// Reading a damaged block answers something or says `Corrupt`; it does not panic.
fn reads_or_says_corrupt(path: &Path) {
    let read = |(block, _): (Block, _)| {
        block.read_histograms(
            &[0, 1, 3],
            TimeRange::ALL,
            &mut DecodedHistograms::default(),
        )?;
        block.read_exemplars(TimeRange::ALL, drop)?;
        block.read_metadata().map(|_| ())
    };
    if let Err(e) = Block::open(path).and_then(read) {
        assert_eq!(e.kind(), ErrorKind::Corrupt, "{e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn a_flipped_byte_is_found_anywhere(positions in prop::collection::vec(any::<Index>(), 24), flip in 1..=255_u8) {
        let dir = TempDir::new().expect("a folder");
        let path = write(dir.path());
        for file in OPTIONAL_FILES.map(|name| path.join(name)) {
            let damaged = || -> Vec<PathBuf> {
                let checks = verify_block(&path).into_iter();
                checks.filter(|c| c.damage.is_some()).map(|c| c.path).collect()
            };
            let good = fs::read(&file).expect("reads");
            for position in &positions {
                let mut bad = good.clone();
                bad[position.index(good.len())] ^= flip;
                fs::write(&file, &bad).expect("writes");
                prop_assert_eq!(damaged(), std::slice::from_ref(&file));
                reads_or_says_corrupt(&path);
            }
            fs::write(&file, &good[..positions[0].index(good.len())]).expect("writes");
            prop_assert_eq!(damaged(), std::slice::from_ref(&file));
            reads_or_says_corrupt(&path);
            fs::remove_file(&file).expect("removes");
            prop_assert_eq!(damaged(), std::slice::from_ref(&file));
            reads_or_says_corrupt(&path);
            fs::write(&file, &good).expect("writes");
            prop_assert_eq!(damaged(), Vec::<PathBuf>::new());
        }
    }
}
