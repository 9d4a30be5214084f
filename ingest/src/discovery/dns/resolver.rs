//! Asks the servers of `resolv.conf`, in turn, about a name and what it becomes with the search list.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use resolv_conf::{Config, ScopedIp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::message::{Answer, Query, Record, UDP_BYTES_MAX};
use crate::config::RecordType;

/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The port of DNS.
const PORT: u16 = 53;

/// Looks names up.
pub(in crate::discovery) struct Resolver {
    /// Names the servers; read anew for each lookup.
    pub(super) file: PathBuf,
    pub(super) port: u16,
}

impl Default for Resolver {
    /// The machine's.
    fn default() -> Self {
        Self {
            file: "/etc/resolv.conf".into(),
            port: PORT,
        }
    }
}

impl Resolver {
    /// What is known of `name`: nothing, if all servers say that there is no such name.
    ///
    /// # Errors
    /// `resolv.conf` cannot be used, or no server gave an answer.
    pub(super) async fn look_up(
        &self,
        name: &str,
        kind: RecordType,
    ) -> Result<Vec<Record>, String> {
        let config = self.config().await?;
        let mut failure = None;
        for candidate in candidates(name, &config) {
            match self.ask_all(&candidate, kind, &config).await {
                Ok(Some(records)) => return Ok(records),
                Ok(None) => {}
                // A later candidate may still be there.
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            None => Ok(Vec::new()),
            Some(error) => Err(format!("cannot look up \"{name}\": {error}")),
        }
    }

    async fn config(&self) -> Result<Config, String> {
        let file = self.file.display();
        let text = tokio::fs::read(&self.file).await;
        let text = text.map_err(|e| format!("cannot read {file}: {e}"))?;
        Config::parse(text).map_err(|e| format!("{file}: {e}"))
    }

    /// What the first server says that can say something; `None`: that there is no such name.
    async fn ask_all(
        &self,
        name: &str,
        kind: RecordType,
        config: &Config,
    ) -> Result<Option<Vec<Record>>, String> {
        let mut failure = "no server is known".to_owned();
        for server in config.get_nameservers_or_local() {
            let server = self.address(&server);
            match ask(server, name, kind).await {
                Ok(Answer::Found(records)) => return Ok(Some(records)),
                Ok(Answer::NoName) => return Ok(None),
                Ok(Answer::Failed(error)) | Err(error) => failure = format!("{server}: {error}"),
                Ok(other) => failure = format!("{server}: {other:?}"),
            }
        }
        Err(failure)
    }

    fn address(&self, server: &ScopedIp) -> SocketAddr {
        SocketAddr::new(IpAddr::from(server), self.port)
    }
}

/// The names to try, all of them full, without a dot at their end.
fn candidates(name: &str, config: &Config) -> Vec<String> {
    if let Some(full) = name.strip_suffix('.') {
        return vec![full.to_owned()];
    }
    let search = config.get_last_search_or_domain();
    let search = search.map(|domain| domain.trim_matches('.'));
    let search = search.filter(|domain| !domain.is_empty());
    let mut all: Vec<_> = search.map(|domain| format!("{name}.{domain}")).collect();
    let dots = name.matches('.').count();
    if u32::try_from(dots).is_ok_and(|dots| dots < config.ndots) {
        all.push(name.to_owned());
    } else {
        all.insert(0, name.to_owned());
    }
    all
}

/// Asks by UDP, then, if the answer is too long for that, by TCP.
async fn ask(server: SocketAddr, name: &str, kind: RecordType) -> Result<Answer, String> {
    let mut query = Query {
        id: random(),
        name,
        kind,
        extended: true,
    };
    let mut answer = in_time(by_udp(server, query)).await?;
    if answer == Answer::NoExtensions {
        query.extended = false;
        answer = in_time(by_udp(server, query)).await?;
    }
    if answer == Answer::Truncated {
        answer = in_time(by_tcp(server, query)).await?;
    }
    Ok(answer)
}

async fn in_time(asking: impl Future<Output = Result<Answer, String>>) -> Result<Answer, String> {
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    answer.unwrap_or_else(|_| Err(format!("no answer in {} s", PATIENCE.as_secs())))
}

async fn by_udp(server: SocketAddr, query: Query<'_>) -> Result<Answer, String> {
    let failed = |e: std::io::Error| e.to_string();
    let own: SocketAddr = match server {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0; 16], 0).into(),
    };
    let socket = UdpSocket::bind(own).await.map_err(failed)?;
    socket.connect(server).await.map_err(failed)?;
    socket.send(&query.to_bytes()?).await.map_err(failed)?;
    let mut buffer = [0; UDP_BYTES_MAX as usize];
    loop {
        let count = socket.recv(&mut buffer).await.map_err(failed)?;
        // What does not belong to the question may come from somebody who guesses.
        match query.read(buffer.get(..count).unwrap_or_default()) {
            Answer::Foreign => {}
            answer => return Ok(answer),
        }
    }
}

async fn by_tcp(server: SocketAddr, query: Query<'_>) -> Result<Answer, String> {
    let failed = |e: std::io::Error| e.to_string();
    let mut stream = TcpStream::connect(server).await.map_err(failed)?;
    let bytes = query.to_bytes()?;
    let length = u16::try_from(bytes.len()).map_err(|e| e.to_string())?;
    let message = [&length.to_be_bytes(), bytes.as_slice()].concat();
    stream.write_all(&message).await.map_err(failed)?;
    let length = stream.read_u16().await.map_err(failed)?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.map_err(failed)?;
    Ok(query.read(&answer))
}

/// A number that nobody can guess, from the keys of a hasher.
fn random() -> u16 {
    let hash = RandomState::new().build_hasher().finish();
    hash as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_list_comes_first_for_short_names() {
        let config = Config::parse("search a.org b.org.\noptions ndots:2\n").expect("valid");
        assert_eq!(candidates("x.y.", &config), ["x.y"]);
        assert_eq!(
            candidates("x.y", &config),
            ["x.y.a.org", "x.y.b.org", "x.y"]
        );
        assert_eq!(
            candidates("x.y.z", &config),
            ["x.y.z", "x.y.z.a.org", "x.y.z.b.org"]
        );
        let plain = Config::parse("nameserver 127.0.0.1\n").expect("valid");
        assert_eq!(candidates("x", &plain), ["x"]);
    }
}
