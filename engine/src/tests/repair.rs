//! A repaired store opens with everything that was good; what was not lies in `damaged/`.

use std::path::Path;

use narthex_model::ErrorKind;

use super::support::{Samples, add, open, options, read_all, write};
use crate::{Engine, inspect_wal, repair, verify};

/// The store opens with what `want` says and nothing is damaged any more.
fn check_repaired(folder: &Path, want: &Samples) {
    assert_eq!(verify(folder).expect("reads").damaged, vec![]);
    assert_eq!(repair(folder, false).expect("repairs"), vec![]);
    let engine = open(folder);
    assert_eq!(&read_all(&engine), want);
    let mut want = want.clone();
    write(&engine, &[(9, 90_000, 9.0)]);
    add(&mut want, &[(9, 90_000, 9.0)]);
    engine.close().expect("closes");
    drop(engine);
    assert_eq!(read_all(&open(folder)), want);
}

#[test]
fn a_damaged_segment_keeps_its_good_beginning() {
    for at in [40, 700, 1300] {
        let folder = tempfile::tempdir().expect("made");
        let engine = open(folder.path());
        let ends = [1, 2, 3].map(|i| {
            write(&engine, &[(i, i64::from(i), 1.0), (0, i64::from(i), 2.0)]);
            engine.stats().wal_bytes as usize
        });
        drop(engine);
        let path = folder.path().join("wal/00000001.wal");
        let whole = inspect_wal(folder.path()).expect("reads").remove(0);
        assert_eq!((whole.groups, whole.series, whole.samples), (3, 4, 6));
        assert_eq!((whole.time, &whole.damage), (Some((1, 3)), &None));
        let mut bytes = std::fs::read(&path).expect("read");
        bytes[at] ^= 8;
        std::fs::write(&path, &bytes).expect("written");
        // A newer segment, so that no damage passes for a torn tail.
        std::fs::write(
            folder.path().join("wal/00000002.wal"),
            crate::wal::empty_segment(2),
        )
        .expect("written");
        let error = Engine::open(folder.path(), options(), None).err();
        let error = error.expect("damaged").to_string();
        assert!(error.contains("narthex repair"), "{error}");
        let damaged = inspect_wal(folder.path()).expect("reads");
        let good = damaged[0].damage.as_ref().expect("damaged").0;
        assert!(good <= at as u64 && damaged[0].samples < 6 && damaged[1].damage.is_none());
        let would = repair(folder.path(), true).expect("reads");
        assert_eq!(std::fs::read(&path).expect("read"), bytes, "a dry run");
        let done = repair(folder.path(), false).expect("repairs");
        assert_eq!(done, would);
        let aside = done[0].moved_to.as_ref().expect("moved");
        let kept = std::fs::read(&path).expect("read");
        let groups = ends.iter().filter(|end| **end <= kept.len()).count() as u32;
        assert_eq!(groups, ends.iter().filter(|end| **end <= at).count() as u32);
        let moved = std::fs::read(aside).expect("read");
        assert_eq!([kept, moved].concat(), bytes);
        let mut want = Samples::new();
        for i in 1..=groups {
            add(&mut want, &[(i, i64::from(i), 1.0), (0, i64::from(i), 2.0)]);
        }
        check_repaired(folder.path(), &want);
    }
}

#[test]
fn a_segment_without_a_header_stays_as_an_empty_one() {
    let folder = tempfile::tempdir().expect("made");
    write(&open(folder.path()), &[(1, 1, 1.0)]);
    let path = folder.path().join("wal/00000001.wal");
    let mut bytes = std::fs::read(&path).expect("read");
    bytes[9] ^= 1;
    std::fs::write(&path, &bytes).expect("written");
    let done = repair(folder.path(), false).expect("repairs");
    assert!(
        done[0]
            .done
            .contains("1 records with 1 samples from 1 to 1 ms"),
        "{done:?}"
    );
    assert_eq!(
        std::fs::read(&path).expect("read"),
        crate::wal::empty_segment(1)
    );
    check_repaired(folder.path(), &Samples::new());
}

#[test]
fn a_damaged_block_is_moved() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    let mut want = Samples::new();
    for samples in [[(1, 1, 1.0)], [(1, 5_000, 2.0)]] {
        write(&engine, &samples);
        engine.flush().expect("flushes");
    }
    add(&mut want, &[(1, 5_000, 2.0)]);
    drop(engine);
    let block = std::fs::read_dir(folder.path().join("blocks"))
        .expect("listed")
        .map(|entry| entry.expect("listed").path())
        .find(|path| crate::block::BlockMeta::read(path).expect("reads").min_time == 1)
        .expect("one of them");
    let file = block.join("samples.parquet");
    let mut bytes = std::fs::read(&file).expect("read");
    bytes[20] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    let done = repair(folder.path(), false).expect("repairs");
    assert!(
        done[0]
            .done
            .contains("1 samples of 1 series from 1 to 1 ms"),
        "{done:?}"
    );
    assert!(
        done[0]
            .moved_to
            .as_ref()
            .expect("moved")
            .join("meta.json")
            .exists()
    );
    let damage = done[0]
        .moved_to
        .as_ref()
        .expect("moved")
        .join("damage.json");
    let damage = std::fs::read_to_string(damage).expect("says why");
    assert!(damage.contains("samples.parquet"), "{damage}");
    let reopened = open(folder.path());
    assert_eq!(reopened.damaged_blocks().len(), 1);
    drop(reopened);
    check_repaired(folder.path(), &want);
}

#[test]
fn a_checkpoint_is_made_from_the_blocks() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    let mut want = Samples::new();
    for i in 0..40_i64 {
        let samples = [(i as u32 % 3, 150 * i, i as f64), (7, 40 * i, 0.5)];
        write(&engine, &samples);
        add(&mut want, &samples);
        match i {
            10 | 20 | 25 => engine.flush().expect("flushes"),
            30 => engine.compact().expect("merges"),
            _ => {}
        }
    }
    drop(engine);
    let path = folder.path().join("wal/checkpoint.json");
    for content in [Some("{"), None] {
        match content {
            Some(text) => std::fs::write(&path, text).expect("written"),
            None => std::fs::remove_file(&path).expect("removed"),
        }
        let error = Engine::open(folder.path(), options(), None).err();
        let error = error.expect("damaged");
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("narthex repair"), "{error}");
        let done = repair(folder.path(), false).expect("repairs");
        assert_eq!(
            (done.len(), done[0].moved_to.is_some()),
            (1, content.is_some())
        );
        assert_eq!(read_all(&open(folder.path())), want);
    }
    check_repaired(folder.path(), &want);
}

#[test]
fn a_store_in_use_is_left_alone() {
    let folder = tempfile::tempdir().expect("made");
    let _engine = open(folder.path());
    let error = repair(folder.path(), false).expect_err("in use");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(repair(folder.path(), true).expect("reads"), vec![]);
}
