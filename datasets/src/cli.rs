//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use narthex_datasets::send::SendOptions;
use narthex_datasets::{Fleet, FleetOptions, HostKind};
use narthex_model::{Result, TimestampMs, parse_duration};

/// Seeded data sets for tests and benchmarks.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints or sends the samples of a simulated fleet of hosts, 108 or 10 series each.
    #[command(
        after_help = "Examples:\n  narthex-datasets fleet --hosts 2 --duration 1h --openmetrics > fleet.om\n  \
        narthex-datasets fleet --duration 24h --remote-write http://127.0.0.1:9090/api/v1/write"
    )]
    Fleet(FleetArgs),
    /// Checks that a server has every sample it acknowledged, exactly once and as it was sent.
    #[command(
        after_help = "Example:\n  narthex-datasets check --hosts 20 --log-acked acked.log --url http://127.0.0.1:9090"
    )]
    Check(CheckArgs),
}

/// What makes the fleet; to check a fleet, repeat what it was sent with.
#[derive(Debug, Args)]
pub(crate) struct ShapeArgs {
    /// What each host exposes.
    #[arg(long, value_enum, default_value_t)]
    kind: HostKind,
    /// Number of hosts.
    #[arg(long, default_value_t = 100)]
    hosts: usize,
    /// Time from the first to the last scrape and one interval more, as in `24h`.
    #[arg(long, default_value = "24h", value_parser = parse_duration)]
    duration: i64,
    /// Time between two scrapes of a host.
    #[arg(long, default_value = "15s", value_parser = parse_duration)]
    interval: i64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// First instant: RFC 3339, or seconds since 1970.
    #[arg(long, default_value = "2025-01-01T00:00:00Z", value_parser = parse_time)]
    start: TimestampMs,
}

impl ShapeArgs {
    pub(crate) fn fleet(&self) -> Result<Fleet> {
        Fleet::new(FleetOptions {
            kind: self.kind,
            hosts: self.hosts,
            seed: self.seed,
            start_ms: self.start,
            interval_ms: self.interval,
            scrapes: usize::try_from(self.duration / self.interval.max(1)).unwrap_or(0),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct FleetArgs {
    #[command(flatten)]
    pub(crate) fleet: ShapeArgs,
    /// Print OpenMetrics text.
    #[arg(long, required_unless_present = "remote_write")]
    pub(crate) openmetrics: bool,
    /// Send remote write 1.0 to this URL.
    #[arg(long, value_name = "URL", conflicts_with = "openmetrics")]
    remote_write: Option<String>,
    /// Connections; each sends its own hosts in time order.
    #[arg(long, default_value_t = 2)]
    connections: usize,
    /// Hosts in one request at most.
    #[arg(long, default_value_t = 20)]
    hosts_per_request: usize,
    /// How often a request that fails with 5xx, 429 or without an answer is sent again.
    #[arg(long, default_value_t = 10)]
    retries: u32,
    /// The longest wait for one answer.
    #[arg(long, default_value = "60s", value_parser = parse_duration)]
    timeout: i64,
    /// Send samples when their time has come, not before: for a `--start` that is near.
    #[arg(long, requires = "remote_write")]
    live: bool,
    /// Append a line to this file for each acknowledged request.
    #[arg(long, value_name = "FILE")]
    pub(crate) log_acked: Option<PathBuf>,
}

impl FleetArgs {
    pub(crate) fn send_options(&self) -> SendOptions {
        SendOptions {
            url: self.remote_write.clone().unwrap_or_default(),
            connections: self.connections,
            hosts_per_request: self.hosts_per_request,
            retries: self.retries,
            timeout: Duration::from_millis(self.timeout.unsigned_abs()),
            live: self.live,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) fleet: ShapeArgs,
    /// The server, without a path.
    #[arg(long, default_value = "http://127.0.0.1:9090")]
    pub(crate) url: String,
    /// The file that `fleet --log-acked` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) log_acked: PathBuf,
}

fn parse_time(text: &str) -> std::result::Result<TimestampMs, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok((seconds * 1000.0).round() as TimestampMs);
    }
    let time: jiff::Timestamp = text.parse().map_err(|e: jiff::Error| e.to_string())?;
    Ok(time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use narthex_datasets::fleet::DEFAULT_START_MS;

    use super::*;

    #[test]
    fn the_default_start_is_the_data_sets() {
        assert_eq!(parse_time("2025-01-01T00:00:00Z"), Ok(DEFAULT_START_MS));
        assert_eq!(parse_time("1735689600"), Ok(DEFAULT_START_MS));
        assert!(parse_time("noon").is_err());
    }
}
