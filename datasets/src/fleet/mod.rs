//! A simulated fleet: hosts that each expose a node exporter's and an HTTP service's series, scraped at one interval.
//!
//! Or, for the queries of TSBS' use case `cpu-only`, hosts that expose ten gauges of their processors.
//!
//! Invariants: a host of a fleet has exactly [`HostKind::series`] series; all series of a host share the timestamps of its scrapes;
//! these increase strictly; what a host says depends on the seed and its own number alone, not on the other hosts.

mod cpu;
mod cpu_only;
mod filesystem;
mod host;
mod memory;
mod network;
mod noise;
mod service;
mod step;
mod vitals;

use clap::ValueEnum;
use cpu_only::CpuOnly;
use host::Exporter;
use narthex_model::{Error, Labels, Result, TimestampMs};

/// Series of each host, unless it is said otherwise.
pub const SERIES_PER_HOST: usize = HostKind::Node.series();

/// What the hosts of a fleet expose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum HostKind {
    /// A node exporter and an HTTP service; scrapes come a little late at times.
    #[default]
    Node,
    /// Ten gauges of whole numbers from 0 to 100, as in TSBS' use case `cpu-only`; scrapes come on time.
    Cpu,
}

impl HostKind {
    /// Series of each host.
    pub const fn series(self) -> usize {
        match self {
            Self::Node => 108,
            Self::Cpu => cpu_only::METRICS.len(),
        }
    }
}

/// The regions hosts are spread over, in turn.
pub const REGIONS: [&str; 3] = ["ap-south", "eu-west", "us-east"];

/// 2025-01-01T00:00:00Z: where a data set starts unless told otherwise, so that runs can be compared.
pub const DEFAULT_START_MS: TimestampMs = 1_735_689_600_000;

/// The instants a fleet may live in: 1972 to 2099. Remote write then needs six bytes for each timestamp.
const START_RANGE_MS: std::ops::Range<TimestampMs> = 63_072_000_000..4_070_908_800_000;

/// What makes one fleet differ from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetOptions {
    /// What each host exposes.
    pub kind: HostKind,
    /// Number of hosts, at least 1.
    pub hosts: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// No sample is older.
    pub start_ms: TimestampMs,
    /// Time between two scrapes of a host, in milliseconds, at least 100.
    pub interval_ms: i64,
    /// Scrapes of each host.
    pub scrapes: usize,
}

/// A fleet; cheap, as it holds no samples.
#[derive(Debug, Clone)]
pub struct Fleet {
    options: FleetOptions,
}

impl Fleet {
    /// The fleet of these options.
    ///
    /// # Errors
    /// `Invalid` if an option is out of its range.
    pub fn new(options: FleetOptions) -> Result<Self> {
        if options.hosts == 0 {
            return Err(Error::invalid("a fleet needs at least one host"));
        }
        if options.interval_ms < 100 {
            return Err(Error::invalid(format!(
                "an interval of {} ms is too short: use 100 ms or more",
                options.interval_ms
            )));
        }
        let fleet = Self { options };
        if !START_RANGE_MS.contains(&options.start_ms) || !START_RANGE_MS.contains(&fleet.end_ms())
        {
            return Err(Error::invalid("a fleet must live between 1972 and 2099"));
        }
        Ok(fleet)
    }

    /// What makes this fleet.
    pub fn options(&self) -> &FleetOptions {
        &self.options
    }

    /// All samples of all hosts.
    pub fn sample_count(&self) -> u64 {
        (self.options.hosts * self.options.scrapes * self.options.kind.series()) as u64
    }

    /// No sample is younger: the start and all intervals.
    pub fn end_ms(&self) -> TimestampMs {
        let span = self
            .options
            .interval_ms
            .saturating_mul(self.options.scrapes as i64);
        self.options.start_ms.saturating_add(span)
    }

    /// The name of host `number`, as its label `instance` has it.
    pub fn instance(number: usize) -> String {
        format!("host-{number:05}:9100")
    }

    /// The selector of all series of host `number`.
    pub fn selector(&self, number: usize) -> String {
        match self.options.kind {
            HostKind::Node => format!("{{instance=\"{}\"}}", Self::instance(number)),
            HostKind::Cpu => format!("{{hostname=\"{}\"}}", cpu_only::hostname(number)),
        }
    }

    /// The label sets of host `number`, in the order of its values.
    pub fn series(&self, number: usize) -> Vec<Labels> {
        match self.options.kind {
            HostKind::Node => host::series(number),
            HostKind::Cpu => cpu_only::series(self.options.seed, number),
        }
    }

    /// Host `number` before its first scrape.
    pub fn host(&self, number: usize) -> Host {
        Host(match self.options.kind {
            HostKind::Node => State::Node(Box::new(Exporter::new(&self.options, number))),
            HostKind::Cpu => State::Cpu(Box::new(CpuOnly::new(&self.options, number))),
        })
    }
}

/// A host's state. Each [`Host::scrape`] moves it on by one interval and allocates nothing.
#[derive(Debug, Clone)]
pub struct Host(State);

#[derive(Debug, Clone)]
enum State {
    Node(Box<Exporter>),
    Cpu(Box<CpuOnly>),
}

impl Host {
    /// The next scrape: replaces `values` by one value per series, in the order of [`Fleet::series`], and returns the
    /// time they all share. Times increase strictly.
    pub fn scrape(&mut self, values: &mut Vec<f64>) -> TimestampMs {
        match &mut self.0 {
            State::Node(exporter) => exporter.scrape(values),
            State::Cpu(host) => host.scrape(values),
        }
    }
}

#[cfg(test)]
mod tests;
