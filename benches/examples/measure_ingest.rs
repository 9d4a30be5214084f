//! Measures ingest: how many samples a second of processor time takes from the network's bytes to the ack, fsynced.
//!
//! ```text
//! cargo run --release -p narthex-benches --example measure_ingest [HOSTS [SCRAPES]]
//! ```
//!
//! All threads are counted, without what it takes to make the bytes. A scrape is asked over HTTP on loopback; its target runs in this
//! process and is counted.

#[allow(dead_code, reason = "each program takes some of the paths")]
#[path = "../paths/mod.rs"]
mod paths;

use paths::remote_write::RemoteWrite;
use paths::scrape::{Keeper, Scraper};
use rustix::time::{ClockId, clock_gettime};

/// Before these are done, series are new and memory is asked for.
const SCRAPES_TO_WARM_UP: usize = 20;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (hosts, scrapes) = (number(20)?, number(2000)?);
    println!("| path | samples of a request | samples/s of CPU | MB/s |\n|---|---|---|---|");
    remote_write(hosts, scrapes);
    scrape("exposition to a batch", &Keeper::Nobody, hosts, scrapes);
    scrape("exposition to the ack", &Keeper::Store, hosts, scrapes);
    Ok(())
}

fn remote_write(hosts: usize, scrapes: usize) {
    let mut path = RemoteWrite::new(hosts);
    for _ in 0..SCRAPES_TO_WARM_UP {
        let body = path.body();
        path.accept(&body);
    }
    let mut meter = Meter::start();
    for _ in 0..scrapes {
        let body = meter.beside(|| path.body());
        meter.bytes += body.len();
        path.accept(&body);
    }
    meter.tell("remote write 1.0 to the ack", path.samples(), scrapes);
}

fn scrape(name: &str, keeper: &Keeper, hosts: usize, scrapes: usize) {
    let mut scraper = Scraper::new(hosts, keeper);
    for _ in 0..SCRAPES_TO_WARM_UP {
        scraper.prepare();
        scraper.scrape();
    }
    let mut meter = Meter::start();
    for _ in 0..scrapes {
        meter.bytes += meter.beside(|| scraper.prepare());
        scraper.scrape();
    }
    meter.tell(name, scraper.samples(), scrapes);
}

/// Counts processor time.
struct Meter {
    started: f64,
    /// What is not to be counted.
    beside: f64,
    bytes: usize,
}

impl Meter {
    fn start() -> Self {
        Self {
            started: seconds(ClockId::ProcessCPUTime),
            beside: 0.0,
            bytes: 0,
        }
    }

    /// Does `work` on this thread without counting it.
    fn beside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let started = seconds(ClockId::ThreadCPUTime);
        let done = work();
        self.beside += seconds(ClockId::ThreadCPUTime) - started;
        done
    }

    fn tell(&self, name: &str, samples: u64, scrapes: usize) {
        let seconds = seconds(ClockId::ProcessCPUTime) - self.started - self.beside;
        let rate = |number: f64| number / seconds / 1e6;
        println!(
            "| {name} | {samples} | {:.2} M | {:.0} |",
            rate(samples as f64 * scrapes as f64),
            rate(self.bytes as f64)
        );
    }
}

fn seconds(clock: ClockId) -> f64 {
    let used = clock_gettime(clock);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}
