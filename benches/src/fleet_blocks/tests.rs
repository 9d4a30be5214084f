//! What is written is the fleet, sample by sample.

use clap::CommandFactory;
use narthex_model::TimeRange;

use super::*;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn blocks_hold_the_fleet() {
    let options = FleetOptions {
        kind: HostKind::Node,
        hosts: 3,
        seed: 7,
        start_ms: DEFAULT_START_MS,
        interval_ms: 1_800_000,
        scrapes: 700,
    };
    let fleet = Fleet::new(options).expect("valid");
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::open(folder.path(), Options::default(), None).expect("a store");
    let blocks = write(&fleet, &engine, &ProgressBar::hidden()).expect("written");
    assert!(blocks > 2, "{blocks} blocks");

    let selection = engine.snapshot().select(&[], TimeRange::ALL).expect("all");
    let columns = selection.read(0..selection.len()).expect("samples");
    for number in 0..options.hosts {
        let mut host = fleet.host(number);
        let (mut times, mut scrapes) = (Vec::new(), Vec::new());
        for _ in 0..options.scrapes {
            let mut values = Vec::new();
            times.push(host.scrape(&mut values));
            scrapes.push(values);
        }
        for (position, labels) in fleet.series(number).iter().enumerate() {
            let is_it = |at: &usize| selection.series(*at).labels == labels.as_ref();
            let at = (0..selection.len()).find(is_it).expect("the series");
            let column = scrapes.iter().map(|values| values[position]);
            assert!(columns.samples(at).eq(times.iter().copied().zip(column)));
        }
    }
    engine.close().expect("closed");
    assert!(check_new(folder.path()).is_err(), "not a new folder");
}
