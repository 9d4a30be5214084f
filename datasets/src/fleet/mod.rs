//! A simulated fleet: hosts that each expose a node exporter's and an HTTP service's series, scraped at one interval.
//!
//! Invariants: a host has exactly [`SERIES_PER_HOST`] series; all series of a host share the timestamps of its scrapes;
//! these increase strictly; what a host says depends on the seed and its own number alone, not on the other hosts.

mod cpu;
mod filesystem;
mod host;
mod memory;
mod network;
mod noise;
mod service;
mod step;
mod vitals;

pub use host::Host;

use narthex_model::{Error, Labels, Result, TimestampMs};

/// Series of each host.
pub const SERIES_PER_HOST: usize = 108;

/// The regions hosts are spread over, in turn.
pub const REGIONS: [&str; 3] = ["ap-south", "eu-west", "us-east"];

/// 2025-01-01T00:00:00Z: where a data set starts unless told otherwise, so that runs can be compared.
pub const DEFAULT_START_MS: TimestampMs = 1_735_689_600_000;

/// The instants a fleet may live in: 1972 to 2099. Remote write then needs six bytes for each timestamp.
const START_RANGE_MS: std::ops::Range<TimestampMs> = 63_072_000_000..4_070_908_800_000;

/// What makes one fleet differ from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetOptions {
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
        (self.options.hosts * self.options.scrapes * SERIES_PER_HOST) as u64
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

    /// The label sets of host `number`, in the order of its values.
    pub fn series(&self, number: usize) -> Vec<Labels> {
        host::series(number)
    }

    /// Host `number` before its first scrape.
    pub fn host(&self, number: usize) -> Host {
        Host::new(&self.options, number)
    }
}

#[cfg(test)]
mod tests;
