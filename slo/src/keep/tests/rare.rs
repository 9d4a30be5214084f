//! Series that are scraped rarely: counting them ends, too.

use super::*;

/// Series that are scraped so rarely that each reaches back to where others lie across.
fn rare(start: i64, days: i64) -> MemoryStore {
    let mut store = MemoryStore::default();
    for (at, minutes) in [10_i64, 10, 10, 60, 60, 60].into_iter().enumerate() {
        let phase = at as i64 * 170_000;
        let ticks = 0..days * 24 * 60 / minutes;
        let samples = ticks.map(|tick| {
            let t = start + phase + tick * minutes * MINUTE;
            (t, (tick * (at as i64 + 3)) as f64)
        });
        let own = [
            ("__name__", "requests_total"),
            ("code", ["200", "500"][at % 2]),
            ("instance", ["a", "b", "c", "d", "e", "f"][at]),
        ];
        store.push(&own, samples.collect());
    }
    store
}

#[test]
fn recounting_ends_however_rarely_series_are_scraped() {
    let start = PIECE_MS * 20 - 36 * HOUR;
    let store = rare(start, 4);
    let folder = tempfile::tempdir().expect("a folder");
    let slo = availability();
    let mut ledger =
        Ledger::own(Arc::new(Disk), folder.path(), &slo.id, "g", slo.slice_ms).expect("begun");
    let options = FillOptions::threads(1);
    // The first fill, in steps.
    let (first, mut steps) = (start + 72 * HOUR, 0);
    let stored = store.before(first);
    while to_count(&stored, &slo, &ledger, first) > 0 {
        let goal = Goal {
            until: first,
            at_most_ms: 36 * HOUR,
        };
        upkeep(&stored, &slo, &mut ledger, goal, options, &mut |_| ()).expect("kept");
        steps += 1;
        assert!(steps < 4, "dirty: {:?}", ledger.dirty());
    }
    // And later ones.
    let (minutes, mut counted) = (130, 0);
    for minute in (1..=minutes).step_by(3) {
        let until = first + minute * MINUTE;
        let (stored, goal) = (store.before(until), Goal::all(until));
        let done = upkeep(&stored, &slo, &mut ledger, goal, options, &mut |_| ()).expect("kept");
        assert!(ledger.dirty().is_empty());
        assert!(done.counted_ms <= 2 * HOUR, "{minute}: {}", done.counted_ms);
        counted += done.counted_ms;
    }
    assert!(counted < 20 * (minutes * MINUTE), "{counted}");
    let until = first + minutes * MINUTE;
    let live = ledger
        .load(ledger.span().expect("slices"))
        .expect("read")
        .tracks;
    assert_alike(&live, &kept(&store.before(until), &slo, &[until], 1));
}
