//! What changes after its time is over is told to whoever wants to know.

use narthex_model::{Matcher, TimeRange};

use super::support::{open, options, write};
use crate::block::SeriesSamples;
use crate::{Engine, Options};

const NOW: i64 = 10_000_000;

#[test]
fn late_samples_deletes_and_backfills_are_told_of_once() {
    let folder = tempfile::tempdir().expect("made");
    let options = Options {
        now: || NOW,
        ..options()
    };
    let engine = Engine::open(folder.path(), options, None).expect("opens");
    write(&engine, &[(0, 1_000, 1.0)]);
    assert_eq!(engine.take_late(), [], "nobody wanted to know");
    engine.watch_late(150_000);
    write(&engine, &[(0, NOW - 1000, 1.0), (1, NOW - 150_000, 1.0)]);
    assert_eq!(engine.take_late(), []);
    write(
        &engine,
        &[(0, NOW, 2.0), (1, 70_000, 1.0), (2, 500_000, 1.0)],
    );
    let minutes = [
        TimeRange::new(60_000, 120_000),
        TimeRange::new(480_000, 540_000),
    ];
    assert_eq!(engine.take_late(), minutes);
    assert_eq!(engine.take_late(), []);
    let range = TimeRange::new(5_000, 6_000);
    let all = [vec![Matcher::equal("__name__", "metric_0")]];
    engine.delete(&all, range).expect("deletes");
    assert_eq!(engine.take_late(), [range]);
    let mut backfill = engine.backfill(TimeRange::new(0, 1000)).expect("begins");
    let labels = super::support::labels(5);
    let samples = SeriesSamples {
        labels: labels.as_ref(),
        timestamps: &[100, 200],
        values: &[1.0, 2.0],
    };
    backfill.push(samples).expect("pushes");
    backfill.finish().expect("finishes");
    assert_eq!(engine.take_late(), [TimeRange::new(100, 201)]);
    drop(engine);
    assert_eq!(open(folder.path()).take_late(), []);
}
