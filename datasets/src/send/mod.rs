//! Sends a fleet by remote write 1.0: one sample per series and request, a few hosts per request, each connection in
//! time order for the hosts that are its own.
//!
//! Bounded: at most one request in flight and two ready per connection, whatever the size of the fleet.

mod connection;
mod post;
mod template;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Error, Result};
use tokio::task::JoinSet;

use crate::Fleet;
use connection::Connection;
use post::Poster;

/// How a fleet is sent.
#[derive(Debug, Clone)]
pub struct SendOptions {
    /// Where to, the whole URL.
    pub url: String,
    /// Connections, each with its own hosts; at least 1.
    pub connections: usize,
    /// Hosts in one request at most; at least 1.
    pub hosts_per_request: usize,
    /// How often a request that may succeed later (5xx, 429, no connection) is sent again.
    pub retries: u32,
    /// The longest wait for one answer.
    pub timeout: Duration,
    /// Whether samples are sent when their time has come, not before: for a fleet that begins now, or a little earlier.
    pub live: bool,
}

/// A request that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// Which scrape of the hosts it held, counted from 0.
    pub tick: usize,
    /// Whose samples it held.
    pub hosts: Range<usize>,
    /// How many.
    pub samples: u64,
}

/// What is told of each acknowledged request, from any of the connections.
pub type OnAck = Arc<dyn Fn(&Ack) + Send + Sync>;

/// Sends all samples of `fleet` and returns when the last is acknowledged.
///
/// # Errors
/// The first request that is refused, or that fails after all its retries; other connections are stopped.
pub async fn send(fleet: &Fleet, options: &SendOptions, on_ack: OnAck) -> Result<()> {
    if options.connections == 0 || options.hosts_per_request == 0 {
        return Err(Error::invalid(
            "at least one connection and one host per request are needed",
        ));
    }
    let mut connections = JoinSet::new();
    for hosts in shares(fleet.options().hosts, options.connections) {
        let poster = Poster::new(options)?;
        let connection = Connection::new(fleet.clone(), hosts, options);
        connections.spawn(connection.run(poster, on_ack.clone()));
    }
    while let Some(ended) = connections.join_next().await {
        ended.map_err(|e| Error::internal("a connection's task failed").with_source(e))??;
    }
    Ok(())
}

/// Splits `hosts` into `parts` runs that differ by one host at most; empty ones are left out.
fn shares(hosts: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let cut = move |part: usize| hosts * part / parts;
    (0..parts)
        .map(move |part| cut(part)..cut(part + 1))
        .filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_one_connection() {
        assert_eq!(shares(5, 2).collect::<Vec<_>>(), [0..2, 2..5]);
        assert_eq!(shares(2, 3).collect::<Vec<_>>(), [0..1, 1..2]);
    }
}
