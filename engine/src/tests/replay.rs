//! How fast a WAL is replayed whose closed segments were condensed. `NARTHEX_REPLAY_MIB=1024 cargo test --release -p narthex-engine replay -- --nocapture`
//! measures; without the variable a small log is read, to see that all of it is.

use std::time::Instant;

use futures::executor::block_on;
use narthex_model::{Sink, WriteBatch};
use rustix::time::{ClockId, clock_gettime};

use super::disk::Random;
use super::support::options;
use crate::{Engine, Options};

const SERIES: u32 = 20_000;
const INTERVAL_MS: i64 = 15_000;
/// Series of a group: the requests of a few writers.
const SERIES_PER_BATCH: u32 = 5400;

/// Like a fleet: counters that grow by a little, gauges with two decimals, some values that stay.
fn batch(first: u32, t: i64, random: &mut Random, values: &mut [f64]) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for series in first..(first + SERIES_PER_BATCH).min(SERIES) {
        let value = &mut values[series as usize];
        match series % 4 {
            0 => *value += random.below(1000) as f64,
            1 => *value += random.below(100_000) as f64 / 100.0,
            2 => *value = random.below(10_000) as f64 / 100.0,
            _ => {}
        }
        let (name, host) = (
            format!("metric_{}", series % 108),
            format!("host-{}", series / 108),
        );
        let labels = &mut [
            ("__name__", name.as_str()),
            ("instance", host.as_str()),
            ("job", "node"),
        ];
        let position = batch.push_series(labels).expect("valid");
        batch.push_sample(position, t, *value);
    }
    batch
}

/// What this process has used so far, on all cores.
fn processor_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

#[test]
fn a_fleet_is_replayed() {
    let mib = std::env::var("NARTHEX_REPLAY_MIB").ok();
    let bytes = mib.map_or(1 << 20, |mib| mib.parse::<u64>().expect("a number") << 20);
    let folder = tempfile::tempdir().expect("made");
    let options = || Options {
        block_duration_ms: 2 * 3_600_000,
        wal_segment_bytes_max: 128 << 20,
        memory_budget_bytes: 8 << 30,
        ..options()
    };
    let engine = Engine::open(folder.path(), options(), None).expect("opens");
    let (mut random, mut values) = (Random::new(1), vec![0.0; SERIES as usize]);
    let mut t = 0;
    while engine.stats().wal_bytes < bytes {
        t += INTERVAL_MS;
        for first in (0..SERIES).step_by(SERIES_PER_BATCH as usize) {
            block_on(engine.write(batch(first, t, &mut random, &mut values))).expect("written");
        }
    }
    let written = engine.stats();
    let used = processor_seconds();
    engine.condense().expect("condenses");
    let (condensing, condensed) = (processor_seconds() - used, engine.stats());
    drop(engine);
    let (began, used) = (Instant::now(), processor_seconds());
    let engine = Engine::open(folder.path(), options(), None).expect("opens");
    let seconds = began.elapsed().as_secs_f64();
    let used = processor_seconds() - used;
    assert_eq!(engine.stats().head_samples, written.head_samples);
    let (mb, samples) = (written.wal_bytes as f64 / 1e6, written.head_samples as f64);
    println!(
        "condensed to {:.0} MB, {:.2} bytes per sample, in {condensing:.2} s of processor time",
        condensed.wal_bytes as f64 / 1e6,
        condensed.wal_bytes as f64 / samples,
    );
    println!(
        "{mb:.0} MB of WAL, {:.2} bytes per sample: {seconds:.2} s and {used:.2} s of processor time, \
         {:.0} MB/s and {:.0} MB/s per core, {:.2} M samples/s",
        written.wal_bytes as f64 / samples,
        mb / seconds,
        mb / used,
        samples / seconds / 1e6
    );
}
