//! Damaged files are named; a torn tail is not damage.

use std::path::{Path, PathBuf};

use narthex_model::ErrorKind;

use super::support::{Samples, add, copy_folder, open, options, read_all, write};
use crate::{Engine, verify};

/// A folder with three groups in one segment, and the bytes of the segment.
fn three_groups(folder: &Path) -> (PathBuf, Vec<u8>, Vec<u64>) {
    let engine = Engine::open(
        folder,
        crate::Options {
            wal_segment_bytes_max: 1 << 20,
            ..options()
        },
        None,
    )
    .expect("opens");
    let ends = [1, 2, 3].map(|i| {
        write(&engine, &[(i, i64::from(i), 1.0), (0, i64::from(i), 2.0)]);
        engine.stats().wal_bytes
    });
    let path = folder.join("wal/00000001.wal");
    let bytes = std::fs::read(&path).expect("read");
    (path, bytes, ends.to_vec())
}

fn model(groups: u32) -> Samples {
    let mut model = Samples::new();
    for i in 1..=groups {
        add(
            &mut model,
            &[(i, i64::from(i), 1.0), (0, i64::from(i), 2.0)],
        );
    }
    model
}

#[test]
fn a_torn_tail_is_cut_off_wherever_it_is_torn() {
    let folder = tempfile::tempdir().expect("made");
    let (path, bytes, ends) = three_groups(folder.path());
    for len in (0..bytes.len())
        .step_by(7)
        .chain(ends.iter().map(|e| *e as usize))
    {
        std::fs::write(&path, &bytes[..len]).expect("written");
        let whole = ends.iter().filter(|e| **e as usize <= len).count() as u32;
        assert_eq!(
            verify(folder.path()).expect("reads").damaged,
            vec![],
            "cut at {len}"
        );
        let reader = Engine::open_read_only(folder.path()).expect("opens");
        assert_eq!(read_all(&reader), model(whole), "cut at {len}");
        assert_eq!(std::fs::read(&path).expect("read").len(), len);
        let copy = tempfile::tempdir().expect("made");
        copy_folder(folder.path(), copy.path());
        let engine = open(copy.path());
        assert_eq!(read_all(&engine), model(whole), "cut at {len}");
        write(&engine, &[(7, 7, 7.0)]);
        drop(engine);
        assert_eq!(
            verify(copy.path()).expect("reads").damaged,
            vec![],
            "cut at {len}"
        );
        assert_eq!(read_all(&open(copy.path())).len(), model(whole).len() + 1);
    }
}

#[test]
fn a_flipped_byte_is_named() {
    let folder = tempfile::tempdir().expect("made");
    let (path, bytes, ends) = three_groups(folder.path());
    for at in (0..ends[1] as usize).step_by(5) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x40;
        std::fs::write(&path, &bad).expect("written");
        for result in [
            Engine::open(folder.path(), options(), None),
            Engine::open_read_only(folder.path()),
        ] {
            let error = result.err().expect("damaged");
            assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {at}");
            let text = error.to_string();
            assert!(
                text.contains("00000001.wal is damaged at byte ")
                    && text.contains("narthex repair"),
                "{text}"
            );
        }
        let damaged = verify(folder.path()).expect("reads").damaged;
        assert_eq!(
            damaged.iter().map(|d| &d.0).collect::<Vec<_>>(),
            [&path],
            "byte {at}"
        );
        assert_eq!(
            std::fs::read(&path).expect("read"),
            bad,
            "nothing is changed"
        );
    }
}

#[test]
fn a_torn_segment_that_is_not_the_last_is_damage() {
    let folder = tempfile::tempdir().expect("made");
    let (path, bytes, _) = three_groups(folder.path());
    write(&open(folder.path()), &[(5, 5, 5.0)]);
    std::fs::write(&path, &bytes[..bytes.len() - 3]).expect("written");
    assert_eq!(
        Engine::open(folder.path(), options(), None)
            .err()
            .map(|e| e.kind()),
        Some(ErrorKind::Corrupt)
    );
    assert_eq!(verify(folder.path()).expect("reads").damaged.len(), 1);
}

#[test]
fn blocks_and_checkpoint_are_verified() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(1, 1, 1.0)]);
    engine.close().expect("closes");
    assert!(verify(folder.path()).expect("reads").files_ok >= 4);
    let block = std::fs::read_dir(folder.path().join("blocks"))
        .expect("listed")
        .next()
        .expect("one")
        .expect("listed");
    let file = block.path().join("samples.parquet");
    let mut bytes = std::fs::read(&file).expect("read");
    bytes[10] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    std::fs::write(folder.path().join("wal/checkpoint.json"), "{}").expect("written");
    let damaged = verify(folder.path()).expect("reads").damaged;
    assert_eq!(
        damaged.iter().map(|d| &d.0).collect::<Vec<_>>(),
        [&folder.path().join("wal/checkpoint.json"), &file]
    );
    assert_eq!(
        verify(&folder.path().join("none")).err().map(|e| e.kind()),
        Some(ErrorKind::NotFound)
    );
}

#[test]
fn one_owner_at_a_time() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    let error = Engine::open(folder.path(), options(), None)
        .err()
        .expect("in use");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error
            .to_string()
            .contains(&format!("is in use by process {}", std::process::id())),
        "{error}"
    );
    engine.close().expect("closes");
    open(folder.path());
}
