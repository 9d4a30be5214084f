//! The settings of `narthex serve`: each declared once. Help, defaults, validation and `/api/v1/status/flags` come from here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, ValueEnum};
use narthex_engine::{Options, WalSync};
use narthex_model::parse_duration;
use narthex_promql::ParseOptions;

use crate::ruling::RuleFlags;
use crate::slos::SloFlags;
use crate::storage::StorageFlags;

/// Settings of the server. Names are Prometheus' where the meaning is.
#[derive(Debug, Clone, Args)]
pub struct ServeFlags {
    /// Configuration in Prometheus' YAML; without it, the server scrapes itself every 5 seconds
    #[arg(long = "config.file", value_name = "FILE")]
    pub config_file: Option<PathBuf>,

    /// The data folder; made if it is not there. With --read-only also the URL of a bucket
    #[arg(
        long = "storage.path",
        value_name = "DIR",
        default_value = "./narthex-data"
    )]
    pub storage_path: PathBuf,

    #[command(flatten)]
    pub(crate) storage: StorageFlags,

    #[command(flatten)]
    pub(crate) rules: RuleFlags,

    #[command(flatten)]
    pub(crate) slo: SloFlags,

    /// Accept samples that are at most this much older than the newest one
    #[arg(
        long = "storage.tsdb.out-of-order-time-window",
        value_name = "DURATION",
        default_value = "30m"
    )]
    pub out_of_order_window: Millis,

    /// Memory that recent samples may take, as in 2GiB; from half of it on they are written to blocks early, and senders
    /// wait when it is used up [default: a quarter of the memory of the machine or container]
    #[arg(long = "storage.memory-budget", value_name = "BYTES")]
    pub memory_budget: Option<ByteCount>,

    /// When an acknowledged sample is on disk: `commit` means before the answer, so that nothing is lost whatever
    /// happens; `interval` means up to --storage.wal-sync-interval later: a power loss or a crash of the system may
    /// lose the samples of that time, a crash of narthex alone loses nothing
    #[arg(
        long = "storage.wal-sync",
        value_name = "WHEN",
        value_enum,
        default_value = "commit"
    )]
    pub wal_sync: WalSyncMode,

    /// With --storage.wal-sync=interval: the time of which a power loss may lose the samples
    #[arg(
        long = "storage.wal-sync-interval",
        value_name = "DURATION",
        default_value = "1s"
    )]
    pub wal_sync_interval: Millis,

    /// Time that a freshly written block spans; larger ones are merged from these. Short ones are for tests
    #[arg(
        long = "storage.tsdb.min-block-duration",
        value_name = "DURATION",
        default_value = "2h"
    )]
    pub min_block_duration: Millis,

    /// Size at which a file of the write-ahead log is closed and the next one begun
    #[arg(
        long = "storage.tsdb.wal-segment-size",
        value_name = "BYTES",
        default_value = "128MiB"
    )]
    pub wal_segment_size: ByteCount,

    /// Keep samples so long; for ever if neither this nor the configuration says otherwise
    #[arg(long = "storage.tsdb.retention.time", value_name = "DURATION")]
    pub retention_time: Option<Millis>,

    /// Keep at most so many bytes of blocks and write-ahead log: the oldest blocks leave
    #[arg(long = "storage.tsdb.retention.size", value_name = "BYTES")]
    pub retention_size: Option<ByteCount>,

    /// Read all blocks and compare them with their checksums this often; 0s for never
    #[arg(
        long = "storage.scrub-interval",
        value_name = "DURATION",
        default_value = "1d"
    )]
    pub scrub_interval: Millis,

    /// Address to listen on; use 0.0.0.0:9090 to be reached from other machines (there is no authentication yet)
    #[arg(
        long = "web.listen-address",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9090"
    )]
    pub listen_address: String,

    /// Allow configuration reloads by POST /-/reload
    #[arg(long = "web.enable-lifecycle", value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub enable_lifecycle: bool,

    /// Allow deletes and snapshots by /api/v1/admin/tsdb
    #[arg(long = "web.enable-admin-api", value_name = "BOOL", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub enable_admin_api: bool,

    /// Give up on a request whose body takes longer to arrive
    #[arg(
        long = "web.read-timeout",
        value_name = "DURATION",
        default_value = "5m"
    )]
    pub read_timeout: Millis,

    /// End queries that take longer
    #[arg(long = "query.timeout", value_name = "DURATION", default_value = "2m")]
    pub query_timeout: Millis,

    /// Refuse queries that would load more samples
    #[arg(
        long = "query.max-samples",
        value_name = "COUNT",
        default_value_t = 500_000_000
    )]
    pub query_max_samples: u64,

    /// Refuse queries that would read more series
    #[arg(
        long = "query.max-series",
        value_name = "COUNT",
        default_value_t = 5_000_000
    )]
    pub query_max_series: usize,

    /// Memory that all queries may use together [default: a quarter of the memory of the machine or container]
    #[arg(long = "query.max-memory", value_name = "BYTES")]
    pub query_max_memory: Option<ByteCount>,

    /// Memory that one query may use [default: half of --query.max-memory]
    #[arg(long = "query.max-memory-per-query", value_name = "BYTES")]
    pub query_max_memory_per_query: Option<ByteCount>,

    /// Room on the disk, in the data folder, for what queries sort or group and cannot keep in memory
    #[arg(
        long = "query.max-spill",
        value_name = "BYTES",
        default_value = "10GiB"
    )]
    pub query_max_spill: ByteCount,

    /// Queries that run at the same time; others wait
    #[arg(long = "query.max-concurrency", value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub query_max_concurrency: u16,

    /// How far a query looks back for the newest sample of a series
    #[arg(
        long = "query.lookback-delta",
        value_name = "DURATION",
        default_value = "5m"
    )]
    pub lookback_delta: Millis,

    /// Turn on experimental parts of PromQL, comma-separated
    #[arg(
        long = "enable-feature",
        value_name = "LIST",
        value_enum,
        value_delimiter = ','
    )]
    pub features: Vec<Feature>,

    /// Log messages of this level and above
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,

    /// How log lines look
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt")]
    pub log_format: LogFormat,
}

/// A duration flag, in milliseconds, not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Millis(pub i64);

impl Millis {
    /// As the standard library counts time.
    pub fn as_std(self) -> Duration {
        Duration::from_millis(self.0.unsigned_abs())
    }
}

impl FromStr for Millis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_duration(text)
            .map(Self)
            .map_err(|e| format!("{e}; write it like 30s, 5m or 1h30m"))
    }
}

/// A number of bytes: plain, or with one of the units KiB, MiB, GiB, TiB (KB and so on mean the same).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteCount(pub usize);

impl FromStr for ByteCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let shift = match unit {
            "" | "B" => 0,
            "KiB" | "KB" => 10,
            "MiB" | "MB" => 20,
            "GiB" | "GB" => 30,
            "TiB" | "TB" => 40,
            _ => {
                return Err(format!(
                    "unknown unit {unit:?}; write it like 512MiB or 4GiB"
                ));
            }
        };
        let count = number
            .parse()
            .ok()
            .and_then(|n: usize| n.checked_mul(1 << shift));
        count
            .map(Self)
            .ok_or_else(|| format!("not a number of bytes: {text:?}; write it like 512MiB or 4GiB"))
    }
}

/// When the write-ahead log is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WalSyncMode {
    /// Before each answer.
    Commit,
    /// From time to time.
    Interval,
}

/// Experimental parts, named as in Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Feature {
    /// Functions and aggregations that may still change.
    PromqlExperimentalFunctions,
    /// `anchored` and `smoothed`.
    PromqlExtendedRangeSelectors,
    /// `fill`, `fill_left`, `fill_right`.
    PromqlBinopFillModifiers,
    /// Metrics' names that go with a change of meaning go at the end of a query, not at once.
    PromqlDelayedNameRemoval,
    /// `rate` and its like heed since when samples count.
    UseStartTimestamps,
}

impl ServeFlags {
    /// How the store is opened.
    pub fn engine_options(&self) -> Options {
        Options {
            out_of_order_window_ms: self.out_of_order_window.0,
            scrub_interval_ms: self.scrub_interval.0,
            block_duration_ms: self.min_block_duration.0,
            flush_interval: self.flush_interval(),
            wal_segment_bytes_max: self.wal_segment_size.0 as u64,
            wal_sync: match self.wal_sync {
                WalSyncMode::Commit => WalSync::Commit,
                WalSyncMode::Interval => WalSync::Interval(self.wal_sync_interval.as_std()),
            },
            ..Options::default()
        }
    }

    /// Short blocks are cut more often.
    fn flush_interval(&self) -> Duration {
        let default = Options::default().flush_interval;
        let short = self.min_block_duration.as_std() / 16;
        short.clamp(Duration::from_millis(50), default)
    }

    /// Whether metrics' names are removed at the end of a query.
    pub fn delayed_names(&self) -> bool {
        self.features.contains(&Feature::PromqlDelayedNameRemoval)
    }

    /// Whether it matters to queries since when samples count.
    pub fn start_timestamps(&self) -> bool {
        self.features.contains(&Feature::UseStartTimestamps)
    }

    /// The parts of PromQL that are on.
    pub fn language(&self) -> ParseOptions {
        let on = |feature| self.features.contains(&feature);
        ParseOptions {
            experimental_functions: on(Feature::PromqlExperimentalFunctions),
            extended_range_selectors: on(Feature::PromqlExtendedRangeSelectors),
            binop_fill_modifiers: on(Feature::PromqlBinopFillModifiers),
            ..ParseOptions::default()
        }
    }
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What happens seldom.
    Info,
    /// What may need care.
    Warn,
    /// What failed.
    Error,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text, for people.
    Logfmt,
    /// One JSON object per line.
    Json,
}

/// Flags, and how each was written.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The values.
    pub flags: ServeFlags,
    /// Flag name to text, defaults included.
    pub shown: BTreeMap<String, String>,
}

impl Settings {
    /// Takes the flags out of a parsed command line.
    ///
    /// # Errors
    /// The command line is not one of `serve`.
    pub fn from_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            flags: ServeFlags::from_arg_matches(matches)?,
            shown: shown(matches),
        })
    }

    /// Parses flags alone, without the name of the program.
    ///
    /// # Errors
    /// An unknown flag or a bad value.
    pub fn parse<'a>(flags: impl IntoIterator<Item = &'a str>) -> Result<Self, clap::Error> {
        let arguments = std::iter::once("narthex").chain(flags);
        Self::from_matches(&OnlyFlags::command().try_get_matches_from(arguments)?)
    }
}

/// A command line that has the flags and nothing else.
#[derive(clap::Parser)]
struct OnlyFlags {
    #[command(flatten)]
    _flags: ServeFlags,
}

/// Options of a URL may be secrets.
fn without_secrets(text: &str) -> &str {
    match text.split_once('?') {
        Some((url, _)) if url.contains("://") => url,
        _ => text,
    }
}

fn shown(matches: &ArgMatches) -> BTreeMap<String, String> {
    let command = OnlyFlags::command();
    let mut shown = BTreeMap::new();
    for argument in command.get_arguments() {
        let Some(name) = argument.get_long() else {
            continue;
        };
        let values = matches
            .get_raw(argument.get_id().as_str())
            .into_iter()
            .flatten();
        let texts: Vec<_> = values.map(|v| v.to_string_lossy().into_owned()).collect();
        let texts: Vec<_> = texts.iter().map(|text| without_secrets(text)).collect();
        shown.insert(name.to_owned(), texts.join(","));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_shown_values() {
        let settings =
            Settings::parse(["--query.timeout=1m30s", "--web.enable-lifecycle"]).expect("valid");
        assert_eq!(settings.flags.query_timeout, Millis(90_000));
        assert_eq!(settings.flags.query_max_spill, ByteCount(10 << 30));
        assert!(settings.flags.enable_lifecycle);
        assert_eq!(settings.flags.engine_options().wal_sync, WalSync::Commit);
        let shown = |name: &str| settings.shown.get(name).map(String::as_str);
        assert_eq!(shown("query.timeout"), Some("1m30s"));
        assert_eq!(shown("web.listen-address"), Some("127.0.0.1:9090"));
        assert_eq!(shown("config.file"), Some(""));
    }

    #[test]
    fn the_wal_is_synced_as_told() {
        let synced = |flags: &[&str]| {
            let settings = Settings::parse(flags.iter().copied()).expect("valid");
            settings.flags.engine_options().wal_sync
        };
        let second = Duration::from_secs(1);
        assert_eq!(
            synced(&["--storage.wal-sync=interval"]),
            WalSync::Interval(second)
        );
        assert_eq!(
            synced(&[
                "--storage.wal-sync=interval",
                "--storage.wal-sync-interval=200ms"
            ]),
            WalSync::Interval(second / 5)
        );
        assert_eq!(synced(&["--storage.wal-sync-interval=1m"]), WalSync::Commit);
    }

    #[test]
    fn bad_values() {
        for flag in [
            "--query.timeout=soon",
            "--query.max-memory=4XB",
            "--query.max-concurrency=0",
            "--storage.wal-sync=sometimes",
            "--nope",
        ] {
            assert!(Settings::parse([flag]).is_err(), "{flag}");
        }
        assert!(
            !Settings::parse(["--web.enable-lifecycle=false"])
                .expect("valid")
                .flags
                .enable_lifecycle
        );
    }
}
