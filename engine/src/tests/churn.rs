//! Series come and go: what has no samples leaves, what somebody may still read stays.

use narthex_model::{Labels, TimeRange};

use super::support::{open, read, read_all, try_write, write};

#[test]
fn a_hundred_generations_leave_no_more_than_the_last_ones() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    let mut sizes = Vec::new();
    for generation in 0..100_i64 {
        let first = generation as u32 * 200;
        let samples: Vec<_> = (first..first + 200)
            .map(|s| (s, generation * 1000, 1.0))
            .collect();
        write(&engine, &samples);
        engine.flush().expect("flushes");
        engine.drop_blocks(|block| block.max_time < (generation - 2) * 1000);
        engine.let_series_leave().expect("open");
        sizes.push((engine.stats().series, engine.stats().series_bytes));
    }
    let (series, bytes) = sizes[99];
    assert_eq!(series, 600, "three generations have blocks");
    assert!(bytes < sizes[5].1 * 2, "{sizes:?}");
    assert_eq!(read_all(&engine).len(), 600);
    // One that left comes back, and is one series.
    write(&engine, &[(7, 99_500, 7.0)]);
    engine.let_series_leave().expect("open");
    write(&engine, &[(7, 99_600, 8.0)]);
    assert_eq!((engine.stats().series, read_all(&engine).len()), (601, 601));
}

#[test]
fn a_snapshot_keeps_its_series() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(1, 100, 1.0), (2, 100, 2.0)]);
    let in_window = engine.snapshot();
    engine.flush().expect("flushes");
    let in_block = engine
        .snapshot()
        .select(&[], TimeRange::ALL)
        .expect("selects");
    engine.drop_blocks(|_| true);
    engine.let_series_leave().expect("open");
    assert_eq!(engine.stats().series, 2);
    assert_eq!(read(&in_window, TimeRange::ALL).len(), 2);
    drop(in_window);
    engine.let_series_leave().expect("open");
    assert_eq!(
        (
            engine.stats().series,
            in_block.read(0..2).expect("reads").values
        ),
        (2, vec![1.0, 2.0])
    );
    drop(in_block);
    write(&engine, &[(2, 200, 3.0)]);
    engine.let_series_leave().expect("open");
    assert_eq!((engine.stats().series, read_all(&engine).len()), (1, 1));
}

#[test]
fn series_of_refused_samples_leave() {
    let folder = tempfile::tempdir().expect("made");
    let engine = open(folder.path());
    write(&engine, &[(1, 100, 1.0)]);
    let mut batch = narthex_model::WriteBatch::new();
    let labels = Labels::new([("__name__", "future")]).expect("valid");
    let series = batch.push_packed_series(labels.as_ref());
    batch.push_sample(series, i64::MAX, 1.0);
    let written = futures::executor::block_on(narthex_model::Sink::write(&*engine, batch));
    assert_eq!(written.expect("answered").rejected, 1);
    assert_eq!(engine.stats().series, 2);
    engine.let_series_leave().expect("open");
    assert_eq!(engine.stats().series, 1);
    assert!(try_write(&engine, &[(1, 200, 1.0)]).is_ok());
}
