//! Samples that come late count as if they had been there.

use super::*;

/// What a server marks beside what came late.
const BESIDE: i64 = 300_000;

/// The ledger after upkeeps of what came in time, and of all, with what came late marked as dirty.
fn kept_late(
    in_time: &MemoryStore,
    all: &MemoryStore,
    slo: &Slo,
    late: &[i64],
    end: i64,
) -> Vec<Track> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger =
        Ledger::own(Arc::new(Disk), folder.path(), &slo.id, "g", slo.slice_ms).expect("begun");
    let keep = |store: &MemoryStore, ledger: &mut Ledger| {
        let options = FillOptions::threads(1);
        // What lies across two pieces is for the next round.
        for _ in 0..4 {
            upkeep(store, slo, ledger, Goal::all(end), options, &mut |_| ()).expect("kept");
        }
        assert_eq!(to_count(store, slo, ledger, end), 0);
    };
    keep(in_time, &mut ledger);
    let mut dirty = Spans::default();
    for t in late {
        dirty.insert(TimeRange::new(t - BESIDE, t + BESIDE));
    }
    ledger.mark_dirty(&dirty).expect("marked");
    keep(all, &mut ledger);
    ledger
        .load(ledger.span().expect("slices"))
        .expect("read")
        .tracks
}

const OWN: [(&str, &str); 2] = [("__name__", "requests_total"), ("code", "500")];

/// The counter with other samples.
fn with(store: &MemoryStore, samples: Vec<(i64, f64)>) -> MemoryStore {
    let mut store = store.clone();
    store.push(&OWN, samples);
    store
}

/// Another counter, sampled each minute for five hours.
fn beside(start: i64) -> MemoryStore {
    let mut store = MemoryStore::default();
    let own = [("__name__", "requests_total"), ("code", "200")];
    let samples = (0..300).map(|minute| (start + minute * MINUTE, minute as f64));
    store.push(&own, samples.collect());
    store
}

#[test]
fn one_in_the_middle_of_a_gap_divides_it_anew() {
    let start = PIECE_MS * 20 - HOUR;
    let minutes = |of: &[(i64, f64)]| of.iter().map(|(m, v)| (start + m * MINUTE, *v)).collect();
    let seen = [(0, 0.0), (1, 0.0), (2, 0.0), (102, 100.0), (103, 100.0)];
    let late = start + 52 * MINUTE;
    let beside = beside(start);
    let in_time = with(&beside, minutes(&seen));
    let mut all = seen.to_vec();
    all.insert(3, (52, 75.0));
    let all = with(&beside, minutes(&all));
    let tracks = kept_late(&in_time, &all, &availability(), &[late], start + 5 * HOUR);
    let bad = &tracks[0].slices.bad;
    // One a minute before; now 75 in the first half, 25 in the second.
    assert_eq!((bad[10], bad[51], bad[53], bad[90]), (1.5, 1.5, 0.5, 0.5));
    assert_alike(
        &tracks,
        &kept(&all, &availability(), &[start + 5 * HOUR], 1),
    );
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(6) })]

    #[test]
    fn whenever_they_come(
        risen in prop::collection::vec(0..50_u8, 300),
        kept_ticks in prop::collection::vec(prop::sample::select(vec![0_u8, 1, 1, 2]), 300),
        away in prop::collection::vec((0..300_usize, 1..60_usize), 0..4),
        offset in 0..MINUTE,
    ) {
        let start = PIECE_MS * 20 - HOUR;
        let is_away = |tick: usize| away.iter().any(|(at, len)| (*at..at + len).contains(&tick));
        let (mut sum, mut in_time, mut all, mut late) = (0.0, Vec::new(), Vec::new(), Vec::new());
        for (tick, risen) in risen.iter().enumerate() {
            sum += f64::from(*risen);
            let sample = (start + tick as i64 * MINUTE + offset, sum);
            // Within gaps a few come late.
            let comes_late = is_away(tick) && kept_ticks[tick] == 0 && tick % 5 == 0;
            if !is_away(tick) {
                in_time.push(sample);
            }
            if !is_away(tick) || comes_late {
                all.push(sample);
            }
            if comes_late {
                late.push(sample.0);
            }
        }
        let beside = beside(start);
        let (in_time, all) = (with(&beside, in_time), with(&beside, all));
        let end = start + 5 * HOUR;
        let found = kept_late(&in_time, &all, &availability(), &late, end);
        assert_alike(&found, &kept(&all, &availability(), &[end], 1));
    }
}
