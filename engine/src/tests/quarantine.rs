//! Damaged blocks are set aside, and answers that lack them say so.

use std::path::{Path, PathBuf};

use narthex_model::TimeRange;

use super::support::{Samples, add, open, read, read_all, write};
use crate::Engine;

/// A store with two blocks, from 100 on and from 20,000 on; the folder of the first, and what the second holds.
fn two_blocks(folder: &Path) -> (PathBuf, Samples) {
    let engine = open(folder);
    write(&engine, &[(0, 100, 1.0), (1, 200, 2.5)]);
    engine.flush().expect("flushes");
    let first = blocks(folder).pop().expect("one");
    write(&engine, &[(0, 20_000, 3.0)]);
    engine.close().expect("closes");
    let mut second = Samples::new();
    add(&mut second, &[(0, 20_000, 3.0)]);
    (first, second)
}

fn blocks(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("blocks")).expect("listed");
    entries.map(|e| e.expect("listed").path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name()
        .expect("named")
        .to_string_lossy()
        .into_owned()
}

/// Flips a bit in the middle of a file.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn a_store_with_a_damaged_block_opens_and_warns() {
    for file in ["meta.json", "series.parquet"] {
        let folder = tempfile::tempdir().expect("made");
        let (first, left) = two_blocks(folder.path());
        damage(&first.join(file));
        let reader = Engine::open_read_only(folder.path()).expect("opens");
        assert_eq!(read_all(&reader), left);
        assert!(first.exists(), "a reader changes nothing");
        for _ in 0..2 {
            let engine = open(folder.path());
            let snapshot = engine.snapshot();
            assert_eq!(snapshot.warnings(), Vec::<String>::new());
            assert_eq!(read(&snapshot, TimeRange::new(20_000, 20_001)), left);
            let knows_time = file != "meta.json";
            assert_eq!(snapshot.warnings().is_empty(), knows_time);
            assert_eq!(read(&snapshot, TimeRange::ALL), left);
            let warning = snapshot.warnings().pop().expect("says what is missing");
            assert!(warning.contains(&name(&first)), "{warning}");
            assert_eq!(
                warning.contains("1970-01-01T00:00:00.1Z"),
                knows_time,
                "{warning}"
            );
            assert!(!first.exists());
            let aside = folder.path().join("damaged").join(name(&first));
            let text = std::fs::read_to_string(aside.join("damage.json")).expect("read");
            assert!(text.contains(file), "{text}");
            assert_eq!(engine.stats().damaged_blocks, 1);
        }
    }
}

#[test]
fn a_query_that_meets_damage_goes_on_without_the_block() {
    let folder = tempfile::tempdir().expect("made");
    let (first, left) = two_blocks(folder.path());
    let engine = open(folder.path());
    // The file is open already, so that its end is known.
    let path = first.join("samples.parquet");
    let mut bytes = std::fs::read(&path).expect("read");
    bytes.fill(0xff);
    std::fs::write(&path, bytes).expect("written");
    let snapshot = engine.snapshot();
    assert_eq!(read(&snapshot, TimeRange::ALL), left);
    assert_eq!(snapshot.warnings().len(), 1);
    engine.compact().expect("sets it aside");
    assert_eq!((first.exists(), engine.stats().blocks), (false, 1));
    std::fs::remove_dir_all(folder.path().join("damaged")).expect("removed");
    engine.compact().expect("looks again");
    assert_eq!(engine.damaged_blocks(), vec![], "someone took care of it");
}

#[test]
fn the_scrub_finds_what_no_query_would() {
    let folder = tempfile::tempdir().expect("made");
    let (first, left) = two_blocks(folder.path());
    let engine = open(folder.path());
    engine.scrub().expect("reads");
    assert_eq!(engine.damaged_blocks(), vec![]);
    damage(&first.join("samples.parquet"));
    engine.scrub().expect("reads");
    let damaged = engine.damaged_blocks();
    assert_eq!(
        damaged.iter().map(|d| &d.block).collect::<Vec<_>>(),
        [&name(&first)]
    );
    assert_eq!(damaged[0].time, Some((100, 200)));
    assert_eq!((read_all(&engine), first.exists()), (left, false));
}

#[test]
fn what_a_damaged_block_was_merged_from_counts_again() {
    let folder = tempfile::tempdir().expect("made");
    let copy = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    let mut model = Samples::new();
    for samples in [[(0, 100, 1.0)], [(0, 1_100, 2.0)]] {
        write(&engine, &samples);
        add(&mut model, &samples);
        engine.flush().expect("flushes");
    }
    super::support::copy_folder(&folder.path().join("blocks"), copy.path());
    engine.compact().expect("merges");
    engine.close().expect("closes");
    let merged = blocks(folder.path()).pop().expect("one");
    super::support::copy_folder(copy.path(), &folder.path().join("blocks"));
    damage(&merged.join("series.parquet"));
    assert_eq!(read_all(&open(folder.path())), model);
}

#[test]
fn a_merge_goes_on_without_a_damaged_block() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    for t in [100, 1_100, 2_100] {
        write(&engine, &[(0, t, 1.0)]);
        engine.flush().expect("flushes");
    }
    let mut folders = blocks(folder.path());
    folders.sort();
    let path = folders[1].join("samples.parquet");
    let mut bytes = std::fs::read(&path).expect("read");
    bytes.fill(0xff);
    std::fs::write(&path, bytes).expect("written");
    engine.compact().expect("merges the others");
    assert_eq!(
        (engine.stats().blocks, engine.stats().damaged_blocks),
        (1, 1)
    );
    assert_eq!(
        read_all(&engine)
            .values()
            .map(std::collections::BTreeMap::len)
            .sum::<usize>(),
        2
    );
}
