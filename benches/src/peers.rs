//! The systems that are compared: how each is started, asked, and brought to rest.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use narthex_model::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::process::{Process, folder_bytes};

/// The longest wait for a system to answer after its start: it may have to replay a log.
const START_MAX: Duration = Duration::from_secs(300);
/// The longest wait for background work to end.
const SETTLE_MAX: Duration = Duration::from_secs(600);

/// A system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[value(rename_all = "lower")]
pub(crate) enum Kind {
    Prometheus,
    VictoriaMetrics,
    Narthex,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "Prometheus",
            Self::VictoriaMetrics => "VictoriaMetrics",
            Self::Narthex => "Narthex",
        }
    }

    /// Where remote write goes.
    fn write_path(self) -> &'static str {
        "/api/v1/write"
    }

    /// Answers with success when the system is ready.
    fn ready_path(self) -> &'static str {
        match self {
            Self::VictoriaMetrics => "/health",
            _ => "/-/ready",
        }
    }

    /// What a query needs besides itself so that no cache answers it.
    pub(crate) fn query_extras(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::VictoriaMetrics => &[("nocache", "1")],
            _ => &[],
        }
    }

    fn args(self, data: &Path, config: &Path, port: u16) -> Vec<String> {
        let (data, config) = (data.display(), config.display());
        let args = match self {
            Self::Prometheus => format!(
                "--config.file={config} --storage.tsdb.path={data} --web.listen-address=127.0.0.1:{port} \
                 --storage.tsdb.retention.time=10y --web.enable-remote-write-receiver --web.enable-admin-api \
                 --query.timeout=10m --enable-feature=promql-experimental-functions --log.level=warn"
            ),
            Self::VictoriaMetrics => format!(
                "-storageDataPath={data} -httpListenAddr=127.0.0.1:{port} -retentionPeriod=100y -search.disableCache \
                 -search.latencyOffset=0s -search.maxQueryDuration=10m -search.maxPointsPerTimeseries=100000 \
                 -search.maxUniqueTimeseries=5000000 -search.maxSeries=5000000 -search.maxLabelsAPISeries=5000000 -search.maxQueueDuration=1m -loggerLevel=WARN"
            ),
            Self::Narthex => format!(
                "serve --config.file={config} --storage.path={data} --web.listen-address=127.0.0.1:{port} \
                 --enable-feature=promql-experimental-functions"
            ),
        };
        args.split(' ')
            .filter(|arg| !arg.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// Where a system's program and files are. Paths hold no blanks.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    pub(crate) program: PathBuf,
    /// A folder of its own.
    pub(crate) folder: PathBuf,
    /// Whether Narthex is to keep what it was sent in its head.
    pub(crate) head: bool,
    /// The rules that it evaluates, as a rule file.
    pub(crate) rules: Option<String>,
}

impl Place {
    /// Whether all samples are to stay in the head. Prometheus' do anyway, unless they are of many hours.
    pub(crate) fn keeps_head(&self) -> bool {
        self.head && self.kind == Kind::Narthex
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What is needed to have the samples: VictoriaMetrics saves its caches beside them when it stops.
    fn stored_bytes(&self) -> u64 {
        folder_bytes(&match self.kind {
            Kind::VictoriaMetrics => self.data().join("data"),
            Kind::Prometheus | Kind::Narthex => self.data(),
        })
    }

    /// Starts the system on a free port and waits until it is ready.
    pub(crate) async fn start(&self) -> Result<System> {
        let failed = |e: std::io::Error| {
            Error::unavailable(format!("cannot prepare {}", self.folder.display())).with_source(e)
        };
        std::fs::create_dir_all(self.data()).map_err(failed)?;
        let config = self.folder.join("config.yml");
        let mut text = "global:\n  scrape_interval: 1m\nscrape_configs: []\n".to_owned();
        if let Some(rules) = &self.rules {
            text += "rule_files: [rules.yml]\n";
            std::fs::write(self.folder.join("rules.yml"), rules).map_err(failed)?;
        }
        std::fs::write(&config, text).map_err(failed)?;
        let port = free_port().map_err(failed)?;
        let args = self.kind.args(&self.data(), &config, port);
        let process = Process::start(&self.program, &args, &self.folder.join("log"))?;
        let client = Client::new(format!("http://127.0.0.1:{port}"), self.kind)?;
        let mut system = System {
            place: self.clone(),
            process,
            client,
        };
        system
            .wait_ready()
            .await
            .map_err(|e| e.context(self.kind.name()))?;
        Ok(system)
    }

    /// The first line that the program prints about its version; if it prints none, what tools/peers.sh noted.
    pub(crate) fn version(&self) -> String {
        let out = std::process::Command::new(&self.program)
            .arg("--version")
            .output();
        let text = out
            .map(|out| [out.stdout, out.stderr].concat())
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let told = text
            .trim()
            .lines()
            .next()
            .and_then(|line| line.split(" (").next());
        told.map(str::to_owned).unwrap_or_else(|| {
            let noted = std::fs::read_to_string(self.program.with_extension("version"));
            format!("{} {}", self.kind.name(), noted.unwrap_or_default().trim())
        })
    }
}

/// A running system.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) place: Place,
    pub(crate) process: Process,
    pub(crate) client: Client,
}

impl System {
    pub(crate) fn kind(&self) -> Kind {
        self.place.kind
    }

    pub(crate) fn write_url(&self) -> String {
        self.client.url(self.kind().write_path())
    }

    async fn wait_ready(&mut self) -> Result<()> {
        let path = self.kind().ready_path();
        for _ in 0..START_MAX.as_millis() / 50 {
            self.process.check_running()?;
            if self.client.get(path).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(Error::unavailable("it does not get ready"))
    }

    /// Lets the system finish what it does in the background, so that its files have their final size. Returns the
    /// bytes on disk if they must be measured while it runs.
    pub(crate) async fn settle(&self) -> Result<Option<u64>> {
        match self.kind() {
            Kind::Prometheus => self.settle_prometheus().await.map(Some),
            Kind::VictoriaMetrics => self.settle_victoriametrics().await.map(|()| None),
            // It cuts its last block when it is stopped.
            Kind::Narthex => Ok(None),
        }
    }

    /// Head and blocks are compacted once a minute: waits until a minute passes without work. The samples still in
    /// the head become a block by a snapshot, and the snapshot is what is measured.
    async fn settle_prometheus(&self) -> Result<u64> {
        self.wait_still("prometheus_tsdb_compactions_total", Duration::from_secs(70))
            .await?;
        let answer = self.client.post("/api/v1/admin/tsdb/snapshot").await?;
        let json: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
        let name = json["data"]["name"]
            .as_str()
            .ok_or_else(|| Error::unavailable(format!("Prometheus made no snapshot: {answer}")))?;
        let snapshot = self.place.data().join("snapshots").join(name);
        let bytes = folder_bytes(&snapshot);
        std::fs::remove_dir_all(&snapshot)
            .map_err(|e| Error::unavailable("cannot remove a snapshot").with_source(e))?;
        Ok(bytes)
    }

    async fn settle_victoriametrics(&self) -> Result<()> {
        self.client.get("/internal/force_flush").await?;
        self.client.get("/internal/force_merge").await?;
        self.wait_still("vm_rows_merged_total", Duration::from_secs(5))
            .await
    }

    /// Waits until the sum of a metric's series stays the same for as long as `still`.
    async fn wait_still(&self, metric: &str, still: Duration) -> Result<()> {
        const LOOK: Duration = Duration::from_secs(1);
        let (mut last, mut unchanged) = (None, Duration::ZERO);
        let mut waited = Duration::ZERO;
        while unchanged < still && waited < SETTLE_MAX {
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
            let now = metric_sum(&self.client.get("/metrics").await?, metric);
            unchanged = if last == Some(now) {
                unchanged + LOOK
            } else {
                Duration::ZERO
            };
            last = Some(now);
        }
        Ok(())
    }

    /// Ends the system at once, whatever it has not written yet: Narthex keeps its head that way. Returns as [`System::stop`].
    pub(crate) fn kill(self) -> (f64, u64) {
        let (cpu_seconds, place) = (self.process.cpu_seconds(), self.place.clone());
        drop(self);
        (cpu_seconds, place.stored_bytes())
    }

    /// Ends the system. Returns all its processor time in seconds, and the bytes it has stored.
    pub(crate) fn stop(self) -> Result<(f64, u64)> {
        let name = self.kind().name();
        let cpu_seconds = self.process.stop().map_err(|e| e.context(name))?;
        Ok((cpu_seconds, self.place.stored_bytes()))
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The sum of all series of `metric` in a page of metrics, in thousandths, so that sums can be compared.
pub(crate) fn metric_sum(page: &str, metric: &str) -> i64 {
    let lines = page.lines().filter_map(|line| line.strip_prefix(metric));
    let own = lines.filter(|rest| rest.starts_with(['{', ' ']));
    let values = own.filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok());
    (values.sum::<f64>() * 1000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_added_up() {
        let page = "# TYPE a counter\na{x=\"1\"} 2\na{x=\"2\"} 3.5\na_b 7\n";
        assert_eq!(
            (metric_sum(page, "a"), metric_sum(page, "a_b")),
            (5500, 7000)
        );
    }
}
