//! The ledger as a map from slices to counts, on disks that fail.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use narthex_model::{ErrorKind, Labels, TimeRange};
use proptest::prelude::*;

use super::manifest::PartEntry;
use super::{Files, Ledger, Spans, Track, overlay};
use crate::count::{Bounds, Grid, Method, Slices};

mod rows;

const STEP: i64 = 60_000;

/// Files in memory; of the changes, those from a certain one on fail.
#[derive(Default)]
struct Memory {
    files: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
    changes_left: Mutex<Option<usize>>,
}

impl Memory {
    fn change(&self) -> io::Result<std::sync::MutexGuard<'_, BTreeMap<PathBuf, Vec<u8>>>> {
        if let Some(left) = self.changes_left.lock().expect("unpoisoned").as_mut() {
            *left = left
                .checked_sub(1)
                .ok_or(io::Error::other("the disk failed"))?;
        }
        Ok(self.files.lock().expect("unpoisoned"))
    }

    fn fail_after(&self, changes: Option<usize>) {
        *self.changes_left.lock().expect("unpoisoned") = changes;
    }

    fn names_of_parts(&self) -> Vec<PathBuf> {
        let files = self.files.lock().expect("unpoisoned");
        let parts = files
            .keys()
            .filter(|p| p.extension() == Some("parquet".as_ref()));
        parts.cloned().collect()
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let files = self.files.lock().expect("unpoisoned");
        files
            .get(path)
            .cloned()
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.change()?.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.change()?;
        let bytes = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), bytes);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change()?.remove(path);
        Ok(())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let files = self.files.lock().expect("unpoisoned");
        let inside = files.keys().filter(|p| p.parent() == Some(folder));
        let names = inside.filter_map(|p| p.file_name()?.to_str().map(str::to_owned));
        Ok(names.collect())
    }
}

fn own(files: &Arc<Memory>) -> Ledger {
    Ledger::own(files.clone(), Path::new("l"), "api", "g1", STEP).expect("readable")
}

fn span(from: i64, to: i64) -> TimeRange {
    TimeRange::new(from * STEP, to * STEP)
}

/// Slices whose counts tell where they are and who made them.
fn track(group: &str, span: TimeRange, seed: f64) -> Track {
    let grid = Grid::over(span, STEP);
    let column = |scale: f64| -> Vec<f64> {
        (0..grid.len)
            .map(|i| seed + scale * grid.edge(i) as f64)
            .collect()
    };
    Track {
        group: Labels::new([("route", group)]).expect("valid"),
        slices: Slices {
            good: column(1.0),
            total: column(2.0),
            bad: column(1.0),
            observed_ms: column(0.25),
            bounds: (seed > 5.0).then(|| Bounds {
                low: column(0.5),
                high: column(1.5),
            }),
            ..Slices::empty(grid, Method::Counters)
        },
    }
}

const ALL: TimeRange = TimeRange {
    start: i64::MIN / 2,
    end: i64::MAX / 2,
};

#[test]
fn what_was_put_in_comes_out() {
    let files = Arc::new(Memory::default());
    let mut ledger = own(&files);
    assert_eq!(
        (ledger.span(), ledger.load(ALL).expect("readable")),
        (None, Default::default())
    );
    let tracks = vec![
        track("/a", span(10, 14), 1.0),
        track("/b", span(10, 14), 9.0),
    ];
    ledger.put(span(10, 14), tracks.clone()).expect("written");
    assert_eq!(ledger.load(ALL).expect("readable").tracks, tracks);
    assert_eq!(own(&files).load(ALL).expect("readable").tracks, tracks);
    assert_eq!(ledger.watermark(), Some(14 * STEP));
    let other = Ledger::own(files, Path::new("l"), "api", "g2", STEP);
    assert_eq!(
        other.expect_err("another generation").kind(),
        ErrorKind::Invalid
    );
}

#[test]
fn gaps_are_dirty_until_they_are_filled() {
    let mut ledger = own(&Arc::default());
    ledger.put(span(10, 20), vec![]).expect("written");
    ledger.put(span(30, 40), vec![]).expect("written");
    assert_eq!(ledger.dirty(), &Spans::from_iter([span(20, 30)]));
    ledger
        .mark_dirty(&Spans::from_iter([TimeRange::new(
            35 * STEP + 7,
            99 * STEP,
        )]))
        .expect("written");
    ledger.put(span(22, 36), vec![]).expect("written");
    assert_eq!(
        ledger.dirty(),
        &Spans::from_iter([span(20, 22), span(36, 40)])
    );
    ledger.put(span(0, 5), vec![]).expect("written");
    assert_eq!(ledger.span(), Some(span(0, 40)));
    assert!(ledger.dirty().overlaps(span(5, 10)) && !ledger.dirty().overlaps(span(0, 5)));
    ledger.extend(span(-9, 2)).expect("written");
    assert_eq!(ledger.span(), Some(span(-9, 40)));
    assert_eq!(ledger.dirty().iter().next(), Some(span(-9, 2)));
}

#[test]
fn a_year_of_small_steps_is_a_few_files() {
    let files = Arc::new(Memory::default());
    let mut ledger = own(&files);
    for i in 0..365 {
        let span = span(i * 24, (i + 1) * 24);
        ledger
            .put(span, vec![track("/a", span, 1.0)])
            .expect("written");
        assert!(ledger.file_count() <= 8, "{i}: {}", ledger.file_count());
    }
    assert_eq!(files.names_of_parts().len(), ledger.file_count());
    let loaded = ledger.load(ALL).expect("readable").tracks;
    assert_eq!(loaded, [track("/a", span(0, 365 * 24), 1.0)]);
}

#[test]
fn bursts_with_nothing_between_are_a_few_files() {
    let files = Arc::new(Memory::default());
    let mut ledger = own(&files);
    let mut all = Vec::new();
    for hour in 0..100 {
        let start = hour * 60;
        for (from, to) in [(0, 5), (0, 10)] {
            let span = span(start + from, start + to);
            let tracks = vec![track("/a", span, 1.0)];
            ledger.put(span, tracks).expect("written");
        }
        all.push(track("/a", span(start, start + 10), 1.0));
        for (from, to) in [(5, 12), (7, 30), (25, 60)] {
            let (start, end) = (start + from, start + to);
            let burst = span(start, end.min(hour * 60 + 10).max(start));
            let tracks = (!burst.is_empty()).then(|| track("/a", burst, 1.0));
            let span = span(start, end);
            let tracks = overlay(tracks.into_iter().collect(), vec![], span);
            ledger.put(span, tracks).expect("written");
        }
        assert!(ledger.file_count() <= 8, "{hour}: {}", ledger.file_count());
    }
    let rows: u64 = ledger.parts().map(|part| part.rows).sum();
    assert_eq!(rows, 1000);
    let loaded = ledger.load(ALL).expect("readable").tracks;
    assert_eq!(loaded, overlay(all, vec![], span(0, 100 * 60)));
}

#[test]
fn groups_that_come_and_go_are_not_laid_side_by_side() {
    let mut ledger = own(&Arc::new(Memory::default()));
    let day = |day: i64| span(day * 1440, (day + 1) * 1440);
    for i in 0..10 {
        let pods = (0..30).map(|pod| track(&format!("{i}-{pod}"), day(i), 1.0));
        ledger.put(day(i), pods.collect()).expect("written");
    }
    let cells = |part: &PartEntry| (part.end_ms - part.start_ms) / STEP * part.groups as i64;
    let largest = ledger.parts().map(cells).max();
    assert!(largest < Some(3_000_000), "{largest:?}");
}

#[test]
fn slices_go_up_to_the_watermark_where_nothing_was_seen() {
    let mut ledger = own(&Arc::new(Memory::default()));
    let seen = span(0, 100);
    ledger
        .put(seen, vec![track("/a", seen, 1.0)])
        .expect("written");
    ledger.put(span(100, 120), Vec::new()).expect("written");
    let loaded = ledger.load(ALL).expect("readable").tracks;
    assert_eq!(loaded[0].slices.grid.range(), span(0, 120));
    assert_eq!(loaded[0].slices.total[100..], [0.0; 20]);
}

#[test]
fn the_newest_slices_are_put_in_again_without_the_old_ones() {
    let files = Arc::new(Memory::default());
    let mut ledger = own(&files);
    let month = span(0, 30 * 1440);
    ledger
        .put(month, vec![track("/a", month, 1.0)])
        .expect("written");
    let (slices, mut written) = (300, 0);
    for i in 1..=slices {
        let before = files.names_of_parts();
        let span = span(30 * 1440 - 5 + i, 30 * 1440 + i);
        ledger
            .put(span, vec![track("/a", span, 1.0)])
            .expect("written");
        let new = |part: &&PartEntry| !before.contains(&ledger.path(&part.file));
        written += ledger
            .parts()
            .filter(new)
            .map(|part| part.rows)
            .sum::<u64>();
    }
    assert!(written < 40 * slices as u64, "{written} rows");
    let all = span(0, 30 * 1440 + slices);
    let loaded = ledger.load(ALL).expect("readable").tracks;
    assert_eq!(loaded, [track("/a", all, 1.0)]);
}

#[test]
fn the_newest_slices_keep_their_file_when_those_before_are_put_in_again() {
    let mut ledger = own(&Arc::new(Memory::default()));
    let mut put = |span| {
        let tracks = vec![track("/a", span, 1.0)];
        ledger.put(span, tracks).expect("written");
        ledger.parts().last().expect("a file").span()
    };
    assert_eq!(put(span(0, 1000)), span(984, 1000));
    assert_eq!(put(span(980, 998)), span(984, 1000));
    assert_eq!(put(span(900, 984)), span(984, 1000));
}

#[test]
fn what_is_put_in_and_what_is_dirty_then_are_one_step() {
    let files = Arc::new(Memory::default());
    let mut ledger = own(&files);
    ledger.put(span(0, 50), vec![]).expect("written");
    // A file, the index, and no more.
    files.fail_after(Some(2));
    let tracks = vec![track("/a", span(50, 60), 1.0)];
    let reached = Spans::from_iter([span(-9, 3), span(40, 50)]);
    let put = ledger.put_and_mark(span(50, 60), tracks, &reached);
    put.expect("written");
    files.fail_after(None);
    let dirty = Spans::from_iter([span(0, 3), span(40, 50)]);
    assert_eq!(own(&files).dirty(), &dirty);
}

#[test]
fn time_without_slices_takes_no_file_and_is_known() {
    let files = Arc::new(Memory::default());
    let mut ledger = own(&files);
    ledger.put(span(0, 1 << 24), vec![]).expect("written");
    let some = span(1 << 24, (1 << 24) + 10);
    ledger
        .put(some, vec![track("/a", some, 1.0)])
        .expect("written");
    let nothing = span((1 << 24) + 10, (1 << 24) + 90);
    ledger.put(nothing, vec![]).expect("written");
    assert_eq!(ledger.file_count(), 1);
    let loaded = ledger.load(ALL).expect("readable").tracks;
    assert_eq!(loaded[0].slices.grid.range(), some.union(&nothing));
}

#[test]
fn damage_is_told_of_and_dirty() {
    let files = Arc::new(Memory::default());
    let mut ledger = own(&files);
    ledger
        .put(span(0, 90), vec![track("/a", span(0, 90), 1.0)])
        .expect("written");
    let parts = files.names_of_parts();
    assert_eq!(parts.len(), 2);
    let mut all = files.files.lock().expect("unpoisoned");
    all.get_mut(&parts[0]).expect("there")[50] ^= 1;
    drop(all);
    let loaded = own(&files).load(ALL).expect("readable");
    let rest = vec![track("/a", span(74, 90), 1.0)];
    assert_eq!(loaded.tracks, overlay(rest, vec![], span(0, 90)));
    assert_eq!(loaded.damage[0].span, span(0, 74));
    let mut ledger = own(&files);
    ledger.set_aside(&loaded.damage).expect("written");
    assert_eq!(own(&files).dirty(), &Spans::from_iter([span(0, 74)]));
    assert!(ledger.load(ALL).expect("readable").damage.is_empty());
}

/// A change to a ledger: a span, a group, whether it is marked dirty only, and after how many changes to files the disk fails.
fn change() -> impl Strategy<Value = (TimeRange, u8, bool, Option<usize>)> {
    let span = (0..50_i64, 1..20_i64).prop_map(|(from, len)| span(from, from + len));
    let failure = prop_oneof![3 => Just(None), 1 => (0..4_usize).prop_map(Some)];
    (span, 0..3_u8, prop::bool::weighted(0.2), failure)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn as_a_map_whatever_fails(changes in prop::collection::vec(change(), 1..25)) {
        let files = Arc::new(Memory::default());
        let mut model: BTreeMap<(String, i64), f64> = BTreeMap::new();
        let mut dirty = Spans::default();
        for (i, (span, group, only_mark, failure)) in changes.into_iter().enumerate() {
            let (mut ledger, name) = (own(&files), format!("/{group}"));
            files.fail_after(failure);
            let seed = i as f64 + 1.0;
            let done = if only_mark {
                ledger.mark_dirty(&Spans::from_iter([span]))
            } else {
                ledger.put(span, vec![track(&name, span, seed)])
            };
            files.fail_after(None);
            if done.is_ok() && !only_mark {
                model.retain(|(_, t), _| !span.contains(*t));
                model.extend((span.start..span.end).step_by(60_000).map(|t| ((name.clone(), t), seed)));
            }
            let ledger = own(&files);
            if done.is_ok() {
                dirty = ledger.dirty().clone();
            }
            prop_assert_eq!(ledger.dirty(), &dirty);
            let loaded = ledger.load(ALL).expect("readable");
            prop_assert!(loaded.damage.is_empty());
            let found: BTreeMap<_, _> = loaded.tracks.iter().flat_map(|track| {
                let slices = &track.slices;
                (0..slices.grid.len).filter(|i| slices.total[*i] > 0.0).map(|i| {
                    let t = slices.grid.edge(i);
                    let route = track.group.get("route").unwrap_or("").to_owned();
                    ((route, t), slices.total[i] - 2.0 * t as f64)
                })
            }).collect();
            prop_assert_eq!(found, model.clone());
            prop_assert_eq!(files.names_of_parts().len(), ledger.file_count());
        }
    }
}

#[test]
fn on_the_real_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = Ledger::folder(folder.path(), "api", "g1");
    let files = Arc::new(super::Disk);
    for i in 0..3 {
        let mut ledger = Ledger::own(files.clone(), &folder, "api", "g1", STEP).expect("readable");
        let span = span(i, i + 1);
        ledger
            .put(span, vec![track("/a", span, 1.0)])
            .expect("written");
    }
    let ledger = Ledger::open(files, &folder)
        .expect("readable")
        .expect("there");
    assert_eq!(
        ledger.load(ALL).expect("readable").tracks,
        [track("/a", span(0, 3), 1.0)]
    );
    let names = std::fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(names, 1 + ledger.file_count());
}
