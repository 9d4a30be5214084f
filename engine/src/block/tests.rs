//! Blocks are written and read back against a naive model.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_model::{ErrorKind, Labels, TimeRange, stale_nan};
use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;
use ulid::Ulid;

use super::schema::{Layout, TIME_INDEX_STEP};
use super::*;
use crate::fs::RealFileSystem;

/// Series by their labels, each with its samples: what a block means.
type Model = BTreeMap<Labels, Vec<(i64, f64)>>;

const ULID: Ulid = Ulid::from_parts(1_700_000_000_000, 7);
const SOURCE: BlockSource = BlockSource {
    deletes_through: 0,
    wal_through: Some(3),
    level: 1,
    parents: Vec::new(),
};

fn write(parent: &Path, model: &Model, layout: Layout) -> (PathBuf, BlockMeta) {
    let span = TimeRange::new(0, 7_200_000);
    let mut writer = BlockWriter::with_layout(
        Arc::new(RealFileSystem),
        parent,
        ULID,
        span,
        SOURCE,
        1_700_000_000_000,
        layout,
    )
    .expect("created")
    // What is written does not depend on their number.
    .with_workers(Arc::new(Workers::new(model.len() % 3)));
    for (labels, samples) in model {
        let (timestamps, values): (Vec<_>, Vec<_>) = samples.iter().copied().unzip();
        let series = SeriesSamples {
            labels: labels.as_ref(),
            timestamps: &timestamps,
            values: &values,
        };
        writer.push(series).expect("pushed");
    }
    let meta = writer.finish().expect("finished");
    (parent.join(ULID.to_string()), meta)
}

fn naive(model: &Model, ordinals: &[u32], range: TimeRange) -> (Vec<(i64, u64)>, Vec<u32>) {
    let all: Vec<_> = model.values().collect();
    let (mut samples, mut counts) = (Vec::new(), Vec::new());
    for ordinal in ordinals {
        let inside = all[*ordinal as usize]
            .iter()
            .filter(|(t, _)| range.contains(*t));
        let before = samples.len();
        samples.extend(inside.map(|(t, v)| (*t, v.to_bits())));
        counts.push((samples.len() - before) as u32);
    }
    (samples, counts)
}

fn read(block: &Block, ordinals: &[u32], range: TimeRange) -> (Vec<(i64, u64)>, Vec<u32>) {
    let mut out = DecodedSamples {
        timestamps: vec![9],
        values: vec![9.0],
        starts: Vec::new(),
        counts: vec![9],
        times_at: vec![0],
    };
    block.read(ordinals, range, &mut out).expect("reads");
    assert_eq!(
        (out.timestamps[0], out.values[0], out.counts[0]),
        (9, 9.0, 9),
        "what was there stays"
    );
    let (mut samples, mut values) = (Vec::new(), out.values[1..].iter());
    for (count, at) in out.counts.iter().zip(&out.times_at).skip(1) {
        let times = &out.timestamps[*at as usize..(at + count) as usize];
        samples.extend(
            times
                .iter()
                .zip(&mut values)
                .map(|(t, v)| (*t, v.to_bits())),
        );
    }
    (samples, out.counts[1..].to_vec())
}

fn odd_value() -> impl Strategy<Value = f64> {
    let special = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        0.0,
        5e-324,
        f64::MAX,
        1e15,
        0.1 + 0.2,
        stale_nan(),
    ];
    prop_oneof![
        prop::sample::select(special.to_vec()),
        any::<u64>().prop_map(f64::from_bits)
    ]
}

/// Values of one series: all decimals, all odd, or decimals with some odd ones among them.
fn values(count: usize) -> impl Strategy<Value = Vec<f64>> {
    let decimals = (0..6_i32, -1_000_000_000..1_000_000_000_i64, 0..5_000_i64).prop_flat_map(
        move |(scale, start, step)| {
            let value = (0..=step).prop_map(move |m| (start + m) as f64 / 10_f64.powi(scale));
            prop::collection::vec(value, count)
        },
    );
    let holes = prop::collection::vec((any::<Index>(), odd_value()), 0..4);
    prop_oneof![
        4 => (decimals, holes).prop_map(|(mut values, holes)| {
            for (at, hole) in holes {
                let at = at.index(values.len());
                values[at] = hole;
            }
            values
        }),
        1 => prop::collection::vec(odd_value(), count),
    ]
}

fn samples() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let count = prop_oneof![4 => 1..40_usize, 2 => 200..700_usize];
    let start = prop_oneof![4 => -1000..1000_i64, 1 => Just(i64::MIN)];
    count
        .prop_flat_map(move |count| {
            (
                start.clone(),
                prop::collection::vec(1..40_i64, count),
                values(count),
            )
        })
        .prop_map(|(start, steps, values)| {
            let times = steps.iter().scan(start, |t, step| {
                *t += step;
                Some(*t)
            });
            times.zip(values).collect()
        })
}

fn labels() -> impl Strategy<Value = Labels> {
    let label = ("(job|host|__name__|é.b|[a-z]{1,2})", "[a-z\"\\\\é]{0,3}");
    prop::collection::btree_map(label.0, label.1, 0..4).prop_map(|map| {
        Labels::new(map.iter().map(|(n, v)| (n.as_str(), v.as_str()))).expect("valid")
    })
}

/// Some series have the times of another, as those of one target do.
fn model() -> impl Strategy<Value = Model> {
    let shared = prop::collection::vec(prop::option::of(any::<Index>()), 12);
    let series = prop::collection::btree_map(labels(), samples(), 1..12);
    (series, shared).prop_map(|(mut model, shared)| {
        let all: Vec<_> = model.values().cloned().collect();
        for (samples, other) in model.values_mut().zip(shared) {
            if let Some(other) = other.map(|at| at.get(&all)) {
                samples.truncate(other.len());
                let pairs = samples.iter_mut().zip(other);
                pairs.for_each(|(sample, other)| sample.0 = other.0);
            }
        }
        model
    })
}

fn range() -> impl Strategy<Value = TimeRange> {
    let some = (-2000..12_000_i64, 0..6000_i64)
        .prop_map(|(start, length)| TimeRange::new(start, start + length));
    prop_oneof![1 => Just(TimeRange::ALL), 4 => some]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(
        model in model(),
        rows_per_group in 1..1500_usize,
        pages in 1..200_usize,
        times in 1..800_usize,
        asked in prop::collection::vec((prop::collection::vec(any::<bool>(), 12), range()), 1..8),
    ) {
        let dir = TempDir::new().expect("a folder");
        let layout = Layout { rows_per_group, rows_per_page: pages, rows_per_times_page: times, start_timestamps: false };
        let (path, meta) = write(dir.path(), &model, layout);
        let (block, labels) = Block::open(&path).expect("opens");
        prop_assert_eq!(block.meta(), &meta);
        prop_assert_eq!(&labels, &model.keys().cloned().collect::<Vec<_>>());
        prop_assert_eq!(meta.samples, model.values().map(|s| s.len() as u64).sum::<u64>());
        for (chosen, range) in asked {
            let ordinals: Vec<u32> = (0..model.len() as u32).filter(|i| chosen[*i as usize]).collect();
            prop_assert_eq!(read(&block, &ordinals, range), naive(&model, &ordinals, range));
        }
        for check in verify_block(&path) {
            prop_assert_eq!(check.damage, None);
        }
    }

    #[test]
    fn the_time_index_is_tight(samples in samples(), range in range()) {
        let dir = TempDir::new().expect("a folder");
        let model = Model::from([(Labels::empty(), samples.clone())]);
        let (block, _) = Block::open(&write(dir.path(), &model, Layout::default()).0).expect("opens");
        let rows = block.rows_in(0, range);
        let inside = |row: &u64| range.contains(samples[*row as usize].0);
        let all = 0..samples.len() as u64;
        prop_assert!(all.clone().filter(inside).all(|row| rows.contains(&row)));
        let spare = rows.clone().filter(|row| !inside(row)).count();
        prop_assert!(spare < 2 * TIME_INDEX_STEP, "{} spare", spare);
    }
}

/// A small block with every kind of series in it. Compatibility data is made of it: do not change it.
fn example() -> Model {
    let labels =
        |name: &str, host: &str| Labels::new([("__name__", name), ("host", host)]).expect("valid");
    let times = |count: i64| (0..count).map(|i| 1_700_000_000_000 + i * 15_000 + i % 3);
    let integers = times(600).enumerate().map(|(i, t)| (t, (i * 7) as f64));
    let decimals = times(5)
        .enumerate()
        .map(|(i, t)| (t, (i as f64 + 1.0) / 100.0));
    let doubles = times(5)
        .enumerate()
        .map(|(i, t)| (t, 1.0 / (i as f64 + 3.0)));
    let ended = times(300).enumerate().map(|(i, t)| {
        (
            t,
            if i == 299 {
                stale_nan()
            } else {
                i as f64 / 2.0
            },
        )
    });
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MAX];
    Model::from([
        (labels("counter", "a"), integers.collect()),
        (labels("counter", "b"), decimals.collect()),
        (labels("gauge", "a"), doubles.collect()),
        (labels("gauge", "b"), ended.collect()),
        (
            Labels::new([("__name__", "odd"), ("ü", "\"\n")]).expect("valid"),
            times(5).zip(odd).collect(),
        ),
    ])
}

#[test]
fn times_are_shared_with_the_first_that_has_them() {
    let dir = TempDir::new().expect("a folder");
    let (path, _) = write(dir.path(), &example(), Layout::default());
    let (block, _) = Block::open(&path).expect("opens");
    let shared: Vec<_> = block.rows().iter().map(|r| r.times_of).collect();
    assert_eq!(shared, [0, 1, 1, 3, 1]);
}

#[test]
fn kinds_are_chosen_per_series() {
    let dir = TempDir::new().expect("a folder");
    let (path, meta) = write(dir.path(), &example(), Layout::default());
    let (block, _) = Block::open(&path).expect("opens");
    let kept: Vec<_> = block
        .rows()
        .iter()
        .map(|r| (r.scale, r.double_count))
        .collect();
    assert_eq!(
        kept,
        [
            (Some(0), 0),
            (Some(2), 0),
            (None, 5),
            (Some(1), 1),
            (None, 5)
        ]
    );
    assert_eq!(
        (meta.series, meta.min_time, block.row(0).rows()),
        (5, 1_700_000_000_000, 0..600)
    );
}

/// `tests/data/block-v1` was written by [`write`] from [`example`] by version 1 of the format. Blocks of that version must be
/// readable forever. To make compatibility data for a new version, call
/// `write(Path::new("tests/data/block-vN"), &example(), Layout::default())` from a test, once, and add it here.
#[test]
fn version_1_stays_readable() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/block-v1");
    let path = data.join(ULID.to_string());
    let (block, labels) = Block::open(&path).expect("opens");
    let model = example();
    assert_eq!(labels, model.keys().cloned().collect::<Vec<_>>());
    let ordinals: Vec<u32> = (0..model.len() as u32).collect();
    assert_eq!(
        read(&block, &ordinals, TimeRange::ALL),
        naive(&model, &ordinals, TimeRange::ALL)
    );
    assert!(
        verify_block(&path)
            .iter()
            .all(|check| check.damage.is_none())
    );
}

fn files_of(path: &Path) -> Vec<PathBuf> {
    ["meta.json", "samples.parquet", "series.parquet"]
        .iter()
        .map(|name| path.join(name))
        .collect()
}

fn damaged_files(path: &Path) -> Vec<PathBuf> {
    verify_block(path)
        .into_iter()
        .filter(|check| check.damage.is_some())
        .map(|check| check.path)
        .collect()
}

/// Reading a damaged block answers something or says `Corrupt`; it does not panic.
fn reads_or_says_corrupt(path: &Path) {
    let read = |(block, _): (Block, _)| {
        let ordinals: Vec<u32> = (0..block.series_count() as u32).collect();
        block.read(&ordinals, TimeRange::ALL, &mut DecodedSamples::default())
    };
    if let Err(e) = Block::open(path).and_then(read) {
        assert_eq!(e.kind(), ErrorKind::Corrupt, "{e}");
        assert!(
            files_of(path)
                .iter()
                .any(|file| e.to_string().contains(&file.display().to_string())),
            "{e}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_flipped_byte_is_found_anywhere(positions in prop::collection::vec(any::<Index>(), 60), flip in 1..=255_u8) {
        let dir = TempDir::new().expect("a folder");
        let (path, _) = write(dir.path(), &example(), Layout::default());
        for file in files_of(&path) {
            let good = fs::read(&file).expect("reads");
            for position in &positions {
                let mut bad = good.clone();
                bad[position.index(good.len())] ^= flip;
                fs::write(&file, &bad).expect("writes");
                prop_assert_eq!(damaged_files(&path), std::slice::from_ref(&file));
                reads_or_says_corrupt(&path);
            }
            let cut = positions[0].index(good.len());
            fs::write(&file, &good[..cut]).expect("writes");
            prop_assert_eq!(damaged_files(&path), std::slice::from_ref(&file));
            reads_or_says_corrupt(&path);
            fs::remove_file(&file).expect("removes");
            prop_assert_eq!(damaged_files(&path), std::slice::from_ref(&file));
            reads_or_says_corrupt(&path);
            fs::write(&file, &good).expect("writes");
        }
        prop_assert!(damaged_files(&path).is_empty());
    }
}

#[test]
fn only_finished_blocks_are_visible() {
    let dir = TempDir::new().expect("a folder");
    let create = || {
        BlockWriter::create(dir.path(), ULID, TimeRange::new(0, 10), SOURCE, 0).expect("created")
    };
    let entries = || fs::read_dir(dir.path()).expect("lists").count();
    drop(create());
    assert_eq!(entries(), 0, "a dropped writer leaves nothing");
    assert_eq!(
        create().finish().map_err(|e| e.kind()),
        Err(ErrorKind::Internal)
    );
    assert_eq!(entries(), 0, "neither does one that fails");
    std::mem::forget(create());
    fs::create_dir(dir.path().join("other.tmp")).expect("a folder");
    assert_eq!(
        (
            entries(),
            remove_leftovers(&RealFileSystem, dir.path()).expect("removes"),
            entries()
        ),
        (2, 1, 1)
    );
}

#[test]
fn what_is_out_of_order_is_refused() {
    let dir = TempDir::new().expect("a folder");
    let mut writer =
        BlockWriter::create(dir.path(), ULID, TimeRange::new(0, 10), SOURCE, 0).expect("created");
    let (a, b) = (
        Labels::new([("a", "1")]).expect("valid"),
        Labels::new([("b", "1")]).expect("valid"),
    );
    let mut push = |labels: &Labels, timestamps: &[i64], values: &[f64]| {
        writer
            .push(SeriesSamples {
                labels: labels.as_ref(),
                timestamps,
                values,
            })
            .map_err(|e| e.kind())
    };
    assert_eq!(push(&b, &[1, 2], &[1.0, 2.0]), Ok(()));
    for (labels, timestamps, values) in [
        (&a, &[1][..], &[1.0][..]),
        (&b, &[1], &[1.0]),
        (&b, &[], &[]),
        (&b, &[2, 2], &[1.0, 1.0]),
        (&b, &[2], &[]),
    ] {
        assert_eq!(push(labels, timestamps, values), Err(ErrorKind::Internal));
    }
}
