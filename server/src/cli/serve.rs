//! `narthex serve`: the server as a process, from its first line to the last.

use std::net::SocketAddr;
use std::sync::Arc;

use narthex_model::{Error, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::progress::Replay;
use crate::flags::Settings;
use crate::logging;
use crate::serve::Server;
use crate::storage::without_options;

pub(crate) const EXAMPLES: &str = "Examples:
  narthex serve                                    scrape itself, keep data in ./narthex-data
  narthex serve --config.file prometheus.yml --storage.path /var/lib/narthex
  narthex serve --storage.bucket 's3://metrics/narthex?region=eu-central-1'    keep a copy of all blocks there
  narthex serve --read-only --storage.path 's3://metrics/narthex?region=eu-central-1'    answer from that copy
  narthex serve --web.listen-address 0.0.0.0:9090 --query.timeout 30s

SIGHUP, or POST /-/reload, reads the configuration again; SIGINT or SIGTERM stops.";

/// Runs the command until a signal ends it.
///
/// # Errors
/// The server cannot start, or cannot write the last samples.
pub(crate) async fn run(settings: Settings) -> Result<()> {
    logging::start(settings.flags.log_level, settings.flags.log_format);
    // Signals are heard from the beginning, so that one during a long replay is not lost.
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    let mut hangup = listen(SignalKind::hangup())?;
    let folder = without_options(&settings.flags.storage_path);
    let server = tokio::select! {
        server = Server::start(settings, Some(Arc::new(Replay::new()))) => server?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), address = %server.address(), folder, "ready");
    eprintln!(
        "narthex is ready: {}  (data in {})",
        page(server.address()),
        folder
    );
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            // A broken configuration is logged there.
            _ = hangup.recv() => { let _ = server.reload().await; }
        }
    }
    tracing::info!("stopping");
    server.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

fn listen(kind: SignalKind) -> Result<Signal> {
    signal(kind).map_err(|e| Error::unavailable("cannot listen for signals").with_source(e))
}

/// The address to type into a browser on this machine.
fn page(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://127.0.0.1:{}", address.port())
    } else {
        format!("http://{address}")
    }
}
