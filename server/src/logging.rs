//! The server's own log: standard error, text or JSON lines.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use crate::flags::{LogFormat, LogLevel};

/// From now on log lines of `level` and above are written. A second call changes nothing.
pub(crate) fn start(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    };
    // Other libraries are heard from warnings on: their debug lines come by the thousand.
    let others = if level == "error" { "error" } else { "warn" };
    let crates = [
        "server", "engine", "ingest", "sql", "promql", "table", "formats",
    ];
    let ours: String = crates
        .iter()
        .map(|c| format!(",narthex_{c}={level}"))
        .collect();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("{others}{ours}")))
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_target(false);
    // Fails only if a log was started before, which then stays.
    let _ = match format {
        LogFormat::Logfmt => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
