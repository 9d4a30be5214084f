//! A proxy that lets each request through, or not, by a rule.
//!
//! One request per connection: what is cut off is then one request and no other.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::serving::Serving;

/// A longer head of a request is not one of a test.
const HEAD_BYTES_MAX: usize = 64 << 10;
const BUFFER_BYTES: usize = 64 << 10;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the server answers.
    None,
    /// This status instead of an answer; the server does not hear of the request.
    Status(u16),
    /// The connection is closed; the server does not hear of the request.
    Refused,
    /// The server does what it is asked, but the connection is closed before it can say so.
    Unanswered,
    /// The answer breaks off after so many bytes, its head included.
    Truncated(u64),
    /// The answer begins after this long.
    Late(Duration),
    /// No answer, and the connection stays open.
    Silent,
}

/// The first line of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Counts from 0.
    pub number: u64,
    /// GET, PUT, …
    pub method: String,
    /// Path and query.
    pub target: String,
}

type Rule = Box<dyn FnMut(&Request) -> Fault + Send>;

#[derive(Default)]
struct Shared {
    rule: Option<Rule>,
    seen: Vec<Request>,
}

/// The proxy; it ends when it is dropped.
pub struct Faults {
    serving: Serving,
    shared: Arc<Mutex<Shared>>,
}

impl Faults {
    /// Stands at `address` before the server at `upstream`, and lets everything through until it has a rule.
    ///
    /// # Errors
    /// The address is taken.
    pub fn start(address: SocketAddr, upstream: SocketAddr) -> io::Result<Self> {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let its_shared = shared.clone();
        let serving = Serving::start(address, move |client| {
            let shared = its_shared.clone();
            async move {
                // Whatever breaks off here is what the client was to see.
                let _ = serve(client, upstream, &shared).await;
            }
        })?;
        Ok(Self { serving, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// From now on `rule` decides.
    pub fn set(&self, rule: impl FnMut(&Request) -> Fault + Send + 'static) {
        self.lock().rule = Some(Box::new(rule));
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Request> {
        self.lock().seen.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

/// A rule that panics fails its test; the lock is sound all the same.
fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn decide(shared: &Mutex<Shared>, head: &str) -> Fault {
    let Shared { rule, seen } = &mut *lock(shared);
    let mut words = head.split(' ');
    let mut word = || words.next().unwrap_or("").to_owned();
    let request = Request {
        number: seen.len() as u64,
        method: word(),
        target: word(),
    };
    let fault = rule.as_mut().map_or(Fault::None, |rule| rule(&request));
    seen.push(request);
    fault
}

async fn serve(
    mut client: TcpStream,
    upstream: SocketAddr,
    shared: &Mutex<Shared>,
) -> io::Result<()> {
    let Some((head, body)) = read_head(&mut client).await? else {
        return Ok(());
    };
    let fault = decide(shared, &head);
    match fault {
        Fault::Refused => return Ok(()),
        Fault::Silent => return std::future::pending().await,
        Fault::Late(time) => sleep(time).await,
        _ => {}
    }
    let length = header(&head, "content-length")
        .and_then(|v| v.parse().ok())
        .unwrap_or(0_u64);
    let mut rest = length.saturating_sub(body.len() as u64);
    if let Fault::Status(status) = fault {
        copy(&mut client, &mut tokio::io::sink(), rest).await?;
        let answer =
            format!("HTTP/1.1 {status} Fault\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return client.write_all(answer.as_bytes()).await;
    }
    if header(&head, "expect").is_some() {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(closing(&head).as_bytes()).await?;
    server.write_all(&body).await?;
    rest -= copy(&mut client, &mut server, rest).await?;
    debug_assert_eq!(rest, 0);
    match fault {
        Fault::Unanswered => copy(&mut server, &mut tokio::io::sink(), u64::MAX).await,
        Fault::Truncated(bytes) => copy(&mut server, &mut client, bytes).await,
        _ => copy(&mut server, &mut client, u64::MAX).await,
    }?;
    client.shutdown().await
}

/// The head of a request with its empty line, and what came after it.
async fn read_head(client: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), body)));
        }
        if bytes.len() > HEAD_BYTES_MAX || client.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1);
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    fields
        .find(|(its_name, _)| its_name.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// The same head, asking the server to close the connection after its answer.
fn closing(head: &str) -> String {
    let unwanted = |line: &&str| {
        let name = line.split(':').next().unwrap_or("");
        !["connection", "expect"]
            .iter()
            .any(|n| name.eq_ignore_ascii_case(n))
    };
    let kept: Vec<&str> = head.trim_end().lines().filter(unwanted).collect();
    format!("{}\r\nconnection: close\r\n\r\n", kept.join("\r\n"))
}

/// Copies at most `bytes_max`; how many there were.
async fn copy(
    from: &mut TcpStream,
    to: &mut (impl AsyncWriteExt + Unpin),
    bytes_max: u64,
) -> io::Result<u64> {
    let (mut copied, mut buffer) = (0, vec![0; BUFFER_BYTES]);
    while copied < bytes_max {
        let most = (bytes_max - copied).min(BUFFER_BYTES as u64) as usize;
        let read = from.read(&mut buffer[..most]).await?;
        if read == 0 {
            break;
        }
        to.write_all(&buffer[..read]).await?;
        copied += read as u64;
    }
    Ok(copied)
}
