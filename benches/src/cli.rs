//! The command line, and where programs and folders are.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use narthex_datasets::fleet::DEFAULT_START_MS;
use narthex_datasets::{Fleet, FleetOptions, HostKind};
use narthex_model::{Error, Result, parse_duration};

use crate::peers::{Kind, Place};
use crate::queries::Query;
use crate::ruled;

/// The repository this program was built from.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Loads the same samples into Prometheus, VictoriaMetrics and Narthex, asks all the same queries, prints Markdown.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  side-by-side --hosts 100 --duration 24h\n  \
        side-by-side --hosts 10000 --duration 5m --queries cardinality\n  \
        side-by-side --queries dashboard --clients 1,32 --data runs\n  \
        side-by-side --kind cpu --hosts 100 --queries tsbs\n  \
        side-by-side --rules 1000 --duration 5m --skip victoriametrics\n  \
        side-by-side --only narthex --data runs"
)]
pub(crate) struct Cli {
    /// What each host exposes: a node exporter's and a service's series, 108 every 15 s, or ten gauges every 10 s, as in TSBS.
    #[arg(long, value_enum, default_value_t)]
    kind: HostKind,
    /// Number of hosts.
    #[arg(long, default_value_t = 100)]
    hosts: usize,
    /// How much time the data spans.
    #[arg(long, default_value = "24h", value_parser = parse_duration)]
    duration: i64,
    /// Seed of the data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The list of queries: a name in benches/queries.
    #[arg(long, default_value = "fleet")]
    queries: String,
    /// Leave a system out.
    #[arg(long, value_name = "SYSTEM")]
    skip: Vec<Kind>,
    /// Take this system alone.
    #[arg(long, value_name = "SYSTEM", conflicts_with = "skip")]
    only: Option<Kind>,
    /// The `narthex` program [default: a release build in the target folder of this program]
    #[arg(long, value_name = "FILE")]
    narthex: Option<PathBuf>,
    /// The folder with `prometheus` and `victoria-metrics` [default: what tools/peers.sh fetches]
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
    /// Keep data here, and use what is loaded already if it is the same data set.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Ask Narthex while the samples are in its head; otherwise they are in a block by then.
    #[arg(long)]
    head: bool,
    /// Ask no queries: send the fleet live for as long as --duration says, while so many rules are evaluated every 15 s; 0 shows
    /// what sending alone costs.
    #[arg(long, value_name = "NUMBER", conflicts_with = "data")]
    pub(crate) rules: Option<usize>,
    /// Keep the temporary data folder.
    #[arg(long, conflicts_with = "data")]
    pub(crate) keep_data: bool,
    /// Timed runs of each query at least, after one to warm up.
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// Then let so many clients at once go round the queries, and say how long they wait, as `1,32`.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub(crate) clients: Vec<usize>,
    /// End everything after this time.
    #[arg(long, default_value = "2h", value_parser = parse_duration)]
    pub(crate) timeout: i64,
}

impl Cli {
    pub(crate) fn fleet(&self) -> Result<Fleet> {
        let interval_ms = match self.kind {
            HostKind::Node => 15_000,
            HostKind::Cpu => 10_000,
        };
        Fleet::new(FleetOptions {
            kind: self.kind,
            hosts: self.hosts,
            seed: self.seed,
            start_ms: DEFAULT_START_MS,
            interval_ms,
            scrapes: usize::try_from(self.duration / interval_ms).unwrap_or(0),
        })
    }

    /// How long rules are measured, in milliseconds.
    pub(crate) fn rules_ms(&self) -> Option<i64> {
        self.rules.map(|_| self.duration)
    }

    fn rule_file(&self, count: usize) -> Result<String> {
        ruled::rules(&Path::new(ROOT).join("benches/queries/rules.toml"), count)
    }

    pub(crate) fn queries(&self) -> Result<Vec<Query>> {
        let path = Path::new(ROOT)
            .join("benches/queries")
            .join(format!("{}.toml", self.queries));
        let text = std::fs::read_to_string(&path).map_err(|e| {
            Error::invalid(format!("cannot read {}", path.display())).with_source(e)
        })?;
        Query::read_all(&text)
    }

    /// The systems to compare, each with a folder under `--data` or `temporary`.
    pub(crate) fn places(&self, temporary: &Path) -> Result<Vec<Place>> {
        let data = self.data.as_deref().unwrap_or(temporary);
        std::fs::create_dir_all(data)
            .and_then(|()| data.canonicalize())
            .map_err(|e| {
                Error::unavailable(format!("cannot use {}", data.display())).with_source(e)
            })
            .and_then(|data| self.kinds().map(|kind| self.place(kind, &data)).collect())
    }

    fn kinds(&self) -> impl Iterator<Item = Kind> {
        let all = [Kind::Prometheus, Kind::VictoriaMetrics, Kind::Narthex];
        all.into_iter().filter(|kind| match self.only {
            Some(only) => *kind == only,
            None => !self.skip.contains(kind),
        })
    }

    fn place(&self, kind: Kind, data: &Path) -> Result<Place> {
        let program = match kind {
            Kind::Narthex => self.narthex_program()?,
            Kind::Prometheus => self.peers_folder()?.join("prometheus"),
            Kind::VictoriaMetrics => self.peers_folder()?.join("victoria-metrics"),
        };
        if !program.is_file() {
            let told = format!(
                "{} is not there: build it, or say where it is",
                program.display()
            );
            return Err(Error::invalid(told));
        }
        let folder = data.join(kind.name().to_lowercase());
        Ok(Place {
            kind,
            program,
            folder,
            head: self.head,
            rules: self.rules.map(|count| self.rule_file(count)).transpose()?,
        })
    }

    /// As given, or `release/narthex` in the target folder that holds this program.
    fn narthex_program(&self) -> Result<PathBuf> {
        if let Some(program) = &self.narthex {
            return Ok(program.clone());
        }
        let own = std::env::current_exe()
            .map_err(|e| Error::internal("cannot find this program's folder").with_source(e))?;
        let target = own
            .parent()
            .and_then(Path::parent)
            .unwrap_or(Path::new("target"));
        Ok(target.join("release/narthex"))
    }

    fn peers_folder(&self) -> Result<PathBuf> {
        if let Some(folder) = &self.peers {
            return Ok(folder.clone());
        }
        let script = Path::new(ROOT).join("tools/peers.sh");
        let out = Command::new(&script)
            .stderr(std::process::Stdio::inherit())
            .output()
            .map_err(|e| {
                Error::unavailable(format!("cannot run {}", script.display())).with_source(e)
            })?;
        if !out.status.success() {
            return Err(Error::unavailable(
                "tools/peers.sh failed: give the folder by --peers",
            ));
        }
        Ok(PathBuf::from(String::from_utf8_lossy(&out.stdout).trim()))
    }
}
