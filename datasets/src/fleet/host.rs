//! A host that runs a node exporter and a service: its series, and its state from scrape to scrape.

use narthex_model::{Labels, METRIC_NAME, TimestampMs};

use super::cpu::Cpus;
use super::filesystem::Filesystems;
use super::memory::Memory;
use super::network::Network;
use super::noise::Noise;
use super::service::Service;
use super::step::{Step, activity_at};
use super::vitals::Vitals;
use super::{Fleet, FleetOptions, REGIONS, SERIES_PER_HOST};

/// The service restarts this often, in milliseconds.
const RESTART_MS: i64 = 43_200_000;

/// Collects label sets; each gets the labels of the target too.
pub(crate) struct SeriesList<'a> {
    target: [(&'a str, &'a str); 3],
    sets: Vec<Labels>,
}

impl SeriesList<'_> {
    pub(crate) fn add(&mut self, name: &str, own: &[(&str, &str)]) {
        let name = [(METRIC_NAME, name)];
        let labels = name.iter().chain(&self.target).chain(own).copied();
        self.sets
            .push(Labels::new(labels).expect("names are literals and differ"));
    }
}

/// The label sets of host `number`; the parts come in the order in which [`Exporter::scrape`] writes their values.
pub(crate) fn series(number: usize) -> Vec<Labels> {
    let instance = Fleet::instance(number);
    let region = REGIONS[number % REGIONS.len()];
    let target = [
        ("instance", instance.as_str()),
        ("job", "node"),
        ("region", region),
    ];
    let mut list = SeriesList {
        target,
        sets: Vec::with_capacity(SERIES_PER_HOST),
    };
    Vitals::series(&mut list);
    Cpus::series(&mut list);
    Memory::series(&mut list);
    Network::series(&mut list);
    Filesystems::series(&mut list);
    Service::series(&mut list);
    list.sets
}

/// Its state.
#[derive(Debug, Clone)]
pub(super) struct Exporter {
    noise: Noise,
    interval_ms: i64,
    /// When the next scrape is due.
    due_ms: TimestampMs,
    /// When the service restarts next.
    restart_ms: TimestampMs,
    vitals: Vitals,
    cpus: Cpus,
    memory: Memory,
    network: Network,
    filesystems: Filesystems,
    service: Service,
}

impl Exporter {
    pub(super) fn new(options: &FleetOptions, number: usize) -> Self {
        let mut noise = Noise::new(options.seed, number);
        let start_ms = options.start_ms;
        // The jitter of up to 3 ms must not reach the next interval, nor the end of the data set.
        let offset_ms = noise.below(options.interval_ms.min(1 << 30) as u32 - 4);
        Self {
            interval_ms: options.interval_ms,
            due_ms: start_ms + i64::from(offset_ms),
            restart_ms: start_ms + i64::from(noise.below(RESTART_MS as u32)),
            vitals: Vitals::new(&mut noise, start_ms),
            cpus: Cpus::new(&mut noise),
            memory: Memory::new(&mut noise),
            network: Network::new(&mut noise),
            filesystems: Filesystems::new(&mut noise),
            service: Service::default(),
            noise,
        }
    }

    /// As [`super::Host::scrape`].
    pub(super) fn scrape(&mut self, values: &mut Vec<f64>) -> TimestampMs {
        let due_ms = self.due_ms;
        self.due_ms += self.interval_ms;
        if due_ms >= self.restart_ms {
            self.service = Service::default();
            self.restart_ms += RESTART_MS;
        }
        let step = Step {
            seconds: self.interval_ms as f64 / 1000.0,
            activity: activity_at(due_ms),
        };
        let noise = &mut self.noise;
        values.clear();
        self.vitals.advance(&step, noise, values);
        self.cpus.advance(&step, noise, values);
        self.memory.advance(&step, noise, values);
        self.network.advance(&step, noise, values);
        self.filesystems.advance(&step, noise, values);
        self.service.advance(&step, noise, values);
        due_ms + jitter_ms(noise)
    }
}

/// One scrape in ten comes up to 3 ms late.
fn jitter_ms(noise: &mut Noise) -> i64 {
    if noise.below(10) == 0 {
        i64::from(noise.below(4))
    } else {
        0
    }
}
