//! The configuration in force, and where it comes from.

use std::net::SocketAddr;
use std::path::PathBuf;

use narthex_ingest::Config;
use narthex_model::{Result, TimestampMs};
use parking_lot::Mutex;

use crate::times::now_ms;

/// Where the configuration is read from, and what is known of the one in force.
pub(crate) struct Configuration {
    source: Source,
    /// A server that only reads scrapes and evaluates nothing, whatever the file says.
    read_only: bool,
    state: Mutex<State>,
    /// One change at a time.
    turn: tokio::sync::Mutex<()>,
}

enum Source {
    File(PathBuf),
    /// Scrapes the server itself, which listens here.
    Embedded(SocketAddr),
}

#[derive(Default)]
struct State {
    text: String,
    loaded_at: TimestampMs,
    last_reload_ok: bool,
}

impl Configuration {
    /// The file, or without one the embedded configuration of a server that listens on `address`.
    pub(crate) fn new(file: Option<PathBuf>, address: SocketAddr, read_only: bool) -> Self {
        let source = file.map_or(Source::Embedded(address), Source::File);
        Self {
            source,
            read_only,
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// The right to put another one into force.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Reads and checks the configuration; nothing changes yet.
    ///
    /// # Errors
    /// It cannot be read, or is wrong; the message names file, line and key.
    pub(crate) fn read(&self) -> Result<Config> {
        let read = match &self.source {
            Source::File(path) => Config::load(path),
            Source::Embedded(address) => {
                Config::parse(&embedded(*address), "embedded configuration")
            }
        };
        let (mut config, warnings) =
            read.inspect_err(|_| self.state.lock().last_reload_ok = false)?;
        for warning in warnings {
            tracing::warn!(warning, "configuration");
        }
        if self.read_only {
            config.scrape_configs.clear();
            config.rule_files.clear();
            config.alerting.alertmanagers.clear();
        }
        Ok(config)
    }

    /// Notes that `config` is in force from now on.
    ///
    /// # Errors
    /// It cannot be printed.
    pub(crate) fn accept(&self, config: &Config) -> Result<()> {
        let text = config.to_yaml()?;
        *self.state.lock() = State {
            text,
            loaded_at: now_ms(),
            last_reload_ok: true,
        };
        Ok(())
    }

    /// Notes that what was read last is not in force: something that it names is wrong.
    pub(crate) fn refuse(&self) {
        self.state.lock().last_reload_ok = false;
    }

    /// The configuration in force as YAML, secrets hidden.
    pub(crate) fn text(&self) -> String {
        self.state.lock().text.clone()
    }

    /// When it was read.
    pub(crate) fn loaded_at(&self) -> TimestampMs {
        self.state.lock().loaded_at
    }

    /// Whether the last attempt to read it succeeded.
    pub(crate) fn last_reload_ok(&self) -> bool {
        self.state.lock().last_reload_ok
    }
}

fn embedded(address: SocketAddr) -> String {
    let host = if address.ip().is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        address.ip().to_string()
    };
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    format!(
        "global:
  scrape_interval: 15s
scrape_configs:
  - job_name: narthex
    scrape_interval: 5s
    static_configs:
      - targets: ['{host}:{}']
",
        address.port()
    )
}
