//! The fleet is what its description says, and the same every time.

use std::collections::BTreeSet;

use super::*;

fn fleet(scrapes: usize) -> Fleet {
    let options = FleetOptions {
        kind: HostKind::default(),
        hosts: 3,
        seed: 1,
        start_ms: DEFAULT_START_MS,
        interval_ms: 15_000,
        scrapes,
    };
    Fleet::new(options).expect("valid")
}

#[test]
fn a_host_has_108_series_of_21_metrics() {
    let sets = fleet(1).series(2);
    assert_eq!(sets.len(), SERIES_PER_HOST);
    assert_eq!(sets.iter().collect::<BTreeSet<_>>().len(), SERIES_PER_HOST);
    let names: BTreeSet<_> = sets.iter().map(|s| s.as_ref().metric_name()).collect();
    assert_eq!(names.len(), 21, "{names:?}");
    assert!(sets.iter().all(|s| s.get("region") == Some("us-east")));
}

#[test]
fn the_same_seed_gives_the_same_samples() {
    let (mut first, mut again, mut other) = (Vec::new(), Vec::new(), Vec::new());
    let (mut a, mut b, mut c) = (fleet(1).host(1), fleet(9).host(1), fleet(1).host(0));
    for _ in 0..50 {
        assert_eq!(a.scrape(&mut first), b.scrape(&mut again));
        assert_eq!(first, again);
        c.scrape(&mut other);
        assert_ne!(first, other);
    }
}

#[test]
fn times_increase_within_the_range() {
    let fleet = fleet(5760);
    let mut values = Vec::new();
    for number in 0..3 {
        let mut host = fleet.host(number);
        let mut last = fleet.options().start_ms - 1;
        let mut late = 0;
        for tick in 0..5760 {
            let at = host.scrape(&mut values);
            assert!(at > last && at < fleet.end_ms());
            late += usize::from(tick > 0 && (at - last) % 15_000 != 0);
            last = at;
        }
        assert!((600..1000).contains(&late), "{late} uneven steps");
    }
}

#[test]
fn counters_grow_and_the_service_restarts_twice_a_day() {
    let fleet = fleet(5760);
    let sets = fleet.series(0);
    let mut host = fleet.host(0);
    let (mut last, mut values) = (vec![0.0; SERIES_PER_HOST], Vec::new());
    let mut resets = vec![0; SERIES_PER_HOST];
    for _ in 0..5760 {
        host.scrape(&mut values);
        assert_eq!(values.len(), SERIES_PER_HOST);
        for ((value, last), resets) in values.iter().zip(&last).zip(&mut resets) {
            assert!(value.is_finite() && *value >= 0.0);
            assert_eq!(
                (value * 100.0).round() / 100.0,
                *value,
                "two decimals at most"
            );
            *resets += usize::from(value < last);
        }
        last.clone_from(&values);
    }
    for (labels, resets) in sets.iter().zip(resets) {
        let name = labels.as_ref().metric_name();
        if name == "http_requests_total" && labels.get("code") == Some("200") {
            assert_eq!(resets, 2, "{labels}");
        } else if name.starts_with("node_") && name.ends_with("_total") {
            assert_eq!(resets, 0, "{labels}");
        }
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let good = *fleet(1).options();
    assert!(Fleet::new(FleetOptions { hosts: 0, ..good }).is_err());
    assert!(
        Fleet::new(FleetOptions {
            interval_ms: 99,
            ..good
        })
        .is_err()
    );
    assert!(
        Fleet::new(FleetOptions {
            start_ms: 0,
            ..good
        })
        .is_err()
    );
}

#[test]
fn processors_are_whole_numbers_on_time() {
    let options = FleetOptions {
        kind: HostKind::Cpu,
        interval_ms: 10_000,
        ..*fleet(400).options()
    };
    let fleet = Fleet::new(options).expect("valid");
    assert_eq!(fleet.sample_count(), 3 * 400 * 10);
    let sets = fleet.series(2);
    assert_eq!(sets.iter().collect::<BTreeSet<_>>().len(), 10);
    assert!(
        sets.iter()
            .all(|s| s.get("hostname") == Some("host_2") && s.iter().count() == 11)
    );
    assert_eq!(sets, fleet.series(2));
    let (mut host, mut values, mut seen) = (fleet.host(2), Vec::new(), BTreeSet::new());
    for tick in 0..400 {
        assert_eq!(host.scrape(&mut values), DEFAULT_START_MS + tick * 10_000);
        assert_eq!(values.len(), 10);
        assert!(
            values
                .iter()
                .all(|v| (0.0..=100.0).contains(v) && v.fract() == 0.0)
        );
        seen.extend(values.iter().map(|v| *v as u8));
    }
    assert!(seen.len() > 30, "{seen:?}");
}
