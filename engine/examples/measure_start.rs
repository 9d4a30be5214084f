//! Measures a start after a crash.
//!
//! ```text
//! cargo run --release -p narthex-engine --example measure_start -- FOLDER MIB [SERIES [block]]   # then kill -9, once it says so
//! cargo run --release -p narthex-engine --example measure_start -- FOLDER
//! ```
//!
//! With a number it writes samples of 20,000 series, or of so many, until so many MiB went to the log, each batch synced before
//! the next, and stays open. With `block` the first sample of each series goes to a block: a start reads it first and numbers
//! the series as they are sorted, not as they were written. Without a number it opens what is there, and says how long that took,
//! how much processor time, of all threads, and how much memory is resident.

use std::error::Error;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use narthex_engine::{Engine, Options};
use narthex_model::{Sink, WriteBatch};
use rustix::time::{ClockId, clock_gettime};

/// Series, unless it is said how many.
const SERIES: u32 = 20_000;
const SERIES_PER_BATCH: u32 = 5000;
const INTERVAL_MS: i64 = 15_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which data folder?")?;
    match arguments.next() {
        Some(mib) => {
            let series = arguments.next().map_or(Ok(SERIES), |n| n.parse())?;
            let block = arguments.next().is_some();
            write(Path::new(&folder), mib.parse::<u64>()? << 20, series, block)
        }
        None => open(Path::new(&folder)),
    }
}

/// Windows so long that none is cut: all that is written stays in the log.
fn options() -> Options {
    Options {
        block_duration_ms: 30 * 86_400_000,
        now: || i64::MAX / 4,
        ..Options::default()
    }
}

fn open(folder: &Path) -> Result<(), Box<dyn Error>> {
    let (began, used) = (Instant::now(), processor_seconds());
    let engine = Engine::open(folder, options(), None)?;
    let seconds = began.elapsed().as_secs_f64();
    let used = processor_seconds() - used;
    let stats = engine.stats();
    println!(
        "open after {seconds:.2} s and {used:.2} s of processor time: {} samples, {} bytes of log, {}",
        stats.head_samples,
        stats.wal_bytes,
        memory()
    );
    Ok(())
}

fn write(folder: &Path, bytes: u64, series: u32, block: bool) -> Result<(), Box<dyn Error>> {
    let engine = Engine::open(folder, options(), None)?;
    let (mut values, mut random) = (vec![0.0; series as usize], 1_u64);
    let (mut t, mut written, mut before) = (0, 0, engine.stats().wal_bytes);
    while written < bytes {
        t += INTERVAL_MS;
        for first in (0..series).step_by(SERIES_PER_BATCH as usize) {
            let batch = batch(first, t, &mut values, &mut random)?;
            block_on(engine.write(batch))?;
            let now = engine.stats().wal_bytes;
            written += now.saturating_sub(before);
            before = now;
        }
        if block && t == INTERVAL_MS {
            engine.flush()?;
            before = engine.stats().wal_bytes;
        }
    }
    // What was closed last is condensed meanwhile.
    sleep(Duration::from_secs(20));
    let stats = engine.stats();
    println!(
        "{written} bytes of log, of which {} are left, {} samples, {:.1} s of processor time, {}: kill -9 {}",
        stats.wal_bytes,
        stats.head_samples,
        processor_seconds(),
        memory(),
        std::process::id()
    );
    loop {
        sleep(Duration::from_secs(60));
    }
}

/// Counters that grow by a little, gauges with two decimals, some values that stay.
fn batch(
    first: u32,
    t: i64,
    values: &mut [f64],
    random: &mut u64,
) -> Result<WriteBatch, Box<dyn Error>> {
    let mut batch = WriteBatch::new();
    for (series, value) in
        (first..first + SERIES_PER_BATCH).zip(values.iter_mut().skip(first as usize))
    {
        *random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let some = (*random >> 33) as f64;
        match series % 4 {
            0 => *value += some % 1000.0,
            1 => *value += some % 100_000.0 / 100.0,
            2 => *value = some % 10_000.0 / 100.0,
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
        let position = batch.push_series(labels)?;
        batch.push_sample(position, t, *value);
    }
    Ok(batch)
}

/// Resident memory of this process, and its peak.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("?", str::trim).to_owned()
    };
    format!("resident {}, peak {}", field("VmRSS:"), field("VmHWM:"))
}

/// What this process has used so far, on all cores.
fn processor_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}
