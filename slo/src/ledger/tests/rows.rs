//! Rows as files have them, beside the same ledger loaded.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};

use super::*;
use crate::ledger::{Rows, Wanted};

fn wanted(span: TimeRange, groups: &'static [&'static str]) -> Wanted {
    Wanted {
        span,
        group: Arc::new(|group| Ok(groups.contains(&group.get("route").unwrap_or("")))),
        columns: vec!["slice_start", "total"],
    }
}

/// When slices begin, and their totals, sorted.
fn listed(rows: Rows) -> Vec<(i64, f64)> {
    let mut all = Vec::new();
    for batch in rows {
        push(&batch.expect("readable"), &mut all);
    }
    all.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    all
}

fn push(batch: &RecordBatch, all: &mut Vec<(i64, f64)>) {
    assert_eq!(batch.num_columns(), 2, "what is not wanted is not there");
    let starts = batch["slice_start"].as_primitive::<TimestampMillisecondType>();
    let totals = batch["total"].as_primitive::<Float64Type>();
    all.extend(
        starts
            .values()
            .iter()
            .copied()
            .zip(totals.values().iter().copied()),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn rows_are_the_slices_that_are_loaded(
        puts in prop::collection::vec((0..50_i64, 1..20_i64, 0..3_usize), 1..20),
        asked in (0..60_i64, 0..60_i64),
        groups in prop::sample::select(vec![&["/a"][..], &["/b", "/c"], &[], &["/a", "/b", "/c"]]),
    ) {
        let files = Arc::new(Memory::default());
        let mut ledger = own(&files);
        for (from, len, group) in puts {
            let span = span(from, from + len);
            let name = ["/a", "/b", "/c"][group];
            ledger.put(span, vec![track(name, span, 1.0)]).expect("written");
        }
        let asked = span(asked.0, asked.1);
        let loaded = ledger.load(ALL).expect("readable").tracks;
        let mut expected = Vec::new();
        for track in loaded.iter().filter(|t| groups.contains(&t.group.get("route").unwrap_or(""))) {
            let slices = &track.slices;
            let starts = (0..slices.grid.len).map(|i| (slices.grid.edge(i), slices.total[i]));
            expected.extend(starts.filter(|(t, total)| asked.contains(*t) && *total != 0.0));
        }
        expected.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        prop_assert_eq!(listed(ledger.rows(wanted(asked, groups))), expected);
    }
}

#[test]
fn each_slice_once_while_the_owner_replaces_files() {
    let files = Arc::new(Memory::default());
    let mut ledger = own(&files);
    for (from, to) in [(0, 900), (900, 995), (995, 996)] {
        let span = span(from, to);
        let put = ledger.put(span, vec![track("/a", span, 1.0)]);
        put.expect("written");
    }
    assert_eq!(ledger.file_count(), 3);
    let mut rows = ledger.clone().rows(wanted(ALL, &["/a"]));
    let mut all = Vec::new();
    push(&rows.next().expect("rows").expect("readable"), &mut all);
    assert_eq!(all.len(), 884);
    // All files are written anew.
    let span = span(800, 996);
    let put = ledger.put(span, vec![track("/a", span, 2.0)]);
    put.expect("written");
    assert_eq!(ledger.file_count(), 2);
    all.extend(listed(rows));
    let starts: Vec<_> = all.iter().map(|(start, _)| *start / STEP).collect();
    assert_eq!(starts, (0..996).collect::<Vec<_>>());
}

#[test]
fn only_files_that_may_have_some_are_read() {
    let files = Arc::new(Memory::default());
    let mut ledger = own(&files);
    for (from, to) in [(0, 90), (90, 91)] {
        let span = span(from, to);
        let put = ledger.put(span, vec![track("/a", span, 1.0)]);
        put.expect("written");
    }
    let first = files.names_of_parts().remove(0);
    files
        .files
        .lock()
        .expect("unpoisoned")
        .insert(first, vec![0; 9]);
    let late = ledger.clone().rows(wanted(span(90, 95), &["/a"]));
    assert_eq!(listed(late).len(), 1);
    let mut all = ledger.rows(wanted(ALL, &["/a"]));
    let error = all.next().expect("a mistake").expect_err("damaged");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("000000.parquet"), "{error}");
    assert!(all.next().is_none());
}
