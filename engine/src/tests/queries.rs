//! Matchers, label queries, and the rules for what is accepted.

use futures::executor::block_on;
use narthex_model::{
    ErrorKind, Histogram, HistogramError, HistogramSample, Matcher, RejectionReason, Sink,
    TimeRange,
};

use super::support::{batch, labels, open, options, read_all, try_write, write};
use crate::{Engine, Options, Selection};

fn texts(selection: &Selection) -> Vec<String> {
    (0..selection.len())
        .map(|i| selection.series(i).labels.to_string())
        .collect()
}

#[test]
fn selects_by_matchers_and_time_from_block_and_head() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(0, 10, 1.0), (1, 20, 2.0), (3, 500, 3.0)]);
    engine.flush().expect("flushes");
    write(&engine, &[(0, 2_500, 4.0), (4, 2_600, 5.0)]);
    let snapshot = engine.snapshot();
    let named = [Matcher::equal("__name__", "metric_0")];
    let selection = snapshot.select(&named, TimeRange::ALL).expect("selects");
    assert_eq!(
        texts(&selection),
        ["metric_0{job=\"job 0\"}", "metric_0{job=\"job 3\"}"]
    );
    let columns = selection.read(0..2).expect("reads");
    assert_eq!(
        (columns.offsets, columns.timestamps),
        (vec![0, 2, 3], vec![10, 2500, 500])
    );
    assert_eq!(selection.read(1..9).expect("reads").values, [3.0]);
    assert_eq!(selection.samples_max(), 3);
    let late = snapshot
        .select(&[], TimeRange::new(2_500, 2_601))
        .expect("selects");
    assert_eq!(
        texts(&late),
        ["metric_0{job=\"job 0\"}", "metric_1{job=\"job 4\"}"]
    );
    assert_eq!(
        snapshot.label_names(&[], TimeRange::ALL).expect("names"),
        ["__name__", "job"]
    );
    assert_eq!(
        snapshot
            .label_values("job", &named, TimeRange::new(0, 100))
            .expect("values"),
        ["job 0"]
    );
    assert_eq!(
        snapshot
            .label_values("__name__", &[], TimeRange::ALL)
            .expect("values"),
        ["metric_0", "metric_1"]
    );
    assert_eq!(
        snapshot
            .label_names(&[], TimeRange::new(3_000, 4_000))
            .expect("names"),
        Vec::<String>::new()
    );
    assert_eq!(snapshot.time_bounds(), Some((10, 2_600)));
}

#[test]
fn late_samples_are_refused_and_repetitions_are_not() {
    let folder = tempfile::tempdir().expect("made");
    let strict = Options {
        out_of_order_window_ms: 100,
        ..options()
    };
    let engine = Engine::open(folder.path(), strict.clone(), None).expect("opens");
    write(&engine, &[(0, 5_000, 1.0), (0, 9_000, 2.0), (1, 100, 3.0)]);
    let receipt = try_write(
        &engine,
        &[(0, 5_000, 1.0), (0, 5_000, 9.0), (0, 8_900, 4.0)],
    )
    .expect("written");
    assert_eq!((receipt.stored, receipt.rejected), (2, 1));
    assert_eq!(
        (&receipt.examples[0].labels, receipt.examples[0].timestamp),
        (&labels(0), 5_000)
    );
    engine.close().expect("closes");
    assert_eq!(
        try_write(&engine, &[(0, 1, 1.0)])
            .expect_err("closed")
            .kind(),
        ErrorKind::Closed
    );
    let engine = Engine::open(folder.path(), strict, None).expect("opens");
    let receipt = try_write(&engine, &[(0, 8_899, 1.0), (1, 101, 1.0)]).expect("written");
    assert_eq!(
        (receipt.stored, receipt.rejected),
        (1, 1),
        "the newest samples of blocks count"
    );
    assert_eq!(engine.stats().samples_rejected, 1);
}

#[test]
fn histograms_without_sense_are_refused() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    let mut batch = batch(&[(1, 1, 1.0)]);
    for (timestamp, schema) in [(2, 9), (3, 8)] {
        batch.histograms.push(HistogramSample {
            series: 0,
            timestamp,
            histogram: Histogram {
                schema,
                ..Histogram::default()
            },
            start_timestamp: None,
        });
    }
    let receipt = block_on(engine.write(batch)).expect("written");
    assert_eq!((receipt.stored, receipt.rejected), (2, 1));
    let reason = RejectionReason::Histogram(HistogramError::Schema);
    assert_eq!(receipt.examples[0].reason, reason);
    let selection = engine.snapshot().select(&[], TimeRange::ALL);
    let selection = selection.expect("selects");
    assert!(selection.has_histograms());
    let columns = selection.read_histograms(0..1).expect("reads");
    assert_eq!(columns.samples.timestamps, [3]);
}

#[test]
fn windows_are_cut_once_they_are_due_and_quiet() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(0, 999, 1.0), (0, 1_249, 1.0)]);
    engine.flush_due().expect("flushes");
    engine.flush_due().expect("flushes");
    assert_eq!(
        engine.stats().blocks,
        0,
        "the next window is not a quarter full in time"
    );
    write(&engine, &[(0, 1_250, 1.0), (0, 5, 1.0)]);
    engine.flush_due().expect("flushes");
    assert_eq!(
        engine.stats().blocks,
        0,
        "late samples came since it was looked at"
    );
    engine.flush_due().expect("flushes");
    assert_eq!((engine.stats().blocks, engine.stats().head_samples), (1, 2));
    write(&engine, &[(0, 3_000, 1.0)]);
    engine.flush_due().expect("flushes");
    assert_eq!(
        (engine.stats().blocks, engine.stats().head_samples),
        (2, 1),
        "no window waits for ever"
    );
    assert_eq!(read_all(&engine)[&labels(0)].len(), 5);
}

#[test]
fn readers_write_nothing() {
    let folder = tempfile::tempdir().expect("made");
    assert_eq!(
        Engine::open_read_only(folder.path())
            .err()
            .map(|e| e.kind()),
        Some(ErrorKind::NotFound)
    );
    let engine = open(folder.path());
    write(&engine, &[(0, 1, 1.0)]);
    let reader = Engine::open_read_only(folder.path()).expect("a live writer is no hindrance");
    assert_eq!(read_all(&reader), read_all(&engine));
    assert_eq!(
        try_write(&reader, &[(0, 2, 1.0)])
            .expect_err("refused")
            .kind(),
        ErrorKind::Unavailable
    );
    reader.close().expect("closes");
}

#[test]
fn another_value_at_the_same_time_is_counted() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    let conflicts = || engine.stats().samples_conflicting;
    write(&engine, &[(1, 100, 1.0), (1, 300, 3.0), (2, 100, 1.0)]);
    write(&engine, &[(1, 100, 1.0), (1, 300, 3.0), (1, 200, 2.0)]);
    assert_eq!((conflicts(), engine.stats().head_samples), (0, 4));
    write(&engine, &[(1, 100, 5.0), (1, 300, 6.0), (2, 100, 1.0)]);
    write(&engine, &[(1, 100, 5.0)]);
    assert_eq!(conflicts(), 2);
    let read = read_all(&engine);
    let values: Vec<_> = read[&labels(1)].values().copied().collect();
    assert_eq!(values, [5.0, 2.0, 6.0].map(f64::to_bits));
    engine.flush().expect("flushes");
    write(&engine, &[(1, 100, 5.0), (1, 300, 7.0), (2, 100, 8.0)]);
    engine
        .flush()
        .and_then(|()| engine.compact())
        .expect("merges");
    assert_eq!(conflicts(), 4, "two of them in blocks");
    let read = read_all(&engine);
    assert_eq!(read[&labels(1)][&300], 7.0_f64.to_bits());
}
