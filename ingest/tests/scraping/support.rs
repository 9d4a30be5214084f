//! A real HTTP target on loopback, a clock moved by hand, a sink in memory, and a manager between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use narthex_ingest::{Clock, Config, ScrapeManager, Sleep};
use narthex_model::{Error, Receipt, Sink, SinkFuture, WriteBatch, is_stale};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// Nothing in these tests takes this long; it only keeps a broken one from hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// A clock that stands still until it is moved.
pub(crate) struct ManualClock {
    now: watch::Sender<i64>,
    sleeping: watch::Sender<usize>,
}

impl ManualClock {
    pub(crate) fn new(now: i64) -> Self {
        Self {
            now: watch::channel(now).0,
            sleeping: watch::channel(0).0,
        }
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.now.send_modify(|now| *now += ms);
    }

    /// Waits until so many loops wait for the time.
    pub(crate) async fn until_sleeping(&self, count: usize) {
        let mut sleeping = self.sleeping.subscribe();
        let waited = tokio::time::timeout(PATIENCE, sleeping.wait_for(|n| *n == count)).await;
        waited.expect("loops go to sleep").expect("the clock lives");
    }
}

/// Counts a sleeper as long as it sleeps.
struct Sleeper<'a>(&'a watch::Sender<usize>);

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        *self.now.borrow()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now_ms().unsigned_abs())
    }

    fn sleep_until(&self, due: i64) -> Sleep<'_> {
        Box::pin(async move {
            self.sleeping.send_modify(|n| *n += 1);
            let _sleeper = Sleeper(&self.sleeping);
            let _ = self.now.subscribe().wait_for(|now| *now >= due).await;
        })
    }
}

/// Hands every batch to the test.
struct MemorySink {
    batches: mpsc::UnboundedSender<WriteBatch>,
    is_full: Arc<AtomicBool>,
}

impl Sink for MemorySink {
    fn write(&self, batch: WriteBatch) -> SinkFuture<'_> {
        let stored = batch.sample_count() as u64;
        // After the test has seen enough nobody listens any more.
        let _ = self.batches.send(batch);
        let is_full = self.is_full.load(Ordering::SeqCst);
        Box::pin(async move {
            match is_full {
                true => Err(Error::unavailable("the disk is full")),
                false => Ok(Receipt {
                    stored,
                    ..Receipt::default()
                }),
            }
        })
    }
}

/// What the target answers.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// Nothing.
    Silence,
}

/// A status line, headers and a body.
pub(crate) fn http(status: &str, headers: &str, body: &[u8]) -> Reply {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// A good answer in the classic text format.
pub(crate) fn text(body: &str) -> Reply {
    http(
        "200 OK",
        "Content-Type: text/plain; version=0.0.4\r\n",
        body.as_bytes(),
    )
}

/// A target.
pub(crate) struct Target {
    pub(crate) address: String,
    reply: Arc<Mutex<Reply>>,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let reply = Arc::new(Mutex::new(text("")));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (reply.clone(), requests.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => break,
                    }
                }
                seen.lock()
                    .push(String::from_utf8_lossy(&request).into_owned());
                let reply = answer.lock().clone();
                match reply {
                    Reply::Bytes(bytes) => {
                        let _ = stream.write_all(&bytes).await;
                    }
                    Reply::Silence => {
                        // Kept open until the other side gives up.
                        let _ = stream.read_u8().await;
                    }
                }
            }
        });
        Self {
            address,
            reply,
            requests,
        }
    }

    pub(crate) fn answers(&self, reply: Reply) {
        *self.reply.lock() = reply;
    }
}

/// A manager and everything around it.
pub(crate) struct Rig {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) manager: ScrapeManager,
    batches: mpsc::UnboundedReceiver<WriteBatch>,
    is_full: Arc<AtomicBool>,
}

/// The interval of every job here.
pub(crate) const INTERVAL_MS: i64 = 10_000;

/// A configuration of one job `j`; `job` is the rest of it, indented by four.
pub(crate) fn config(job: &str) -> Config {
    let text = format!(
        "global: {{scrape_interval: 10s, scrape_timeout: 5s}}\nscrape_configs:\n  - job_name: j\n{job}"
    );
    Config::parse(&text, "p.yml").expect(&text).0
}

/// A job of one target.
pub(crate) fn job(target: &Target, options: &str) -> Config {
    config(&format!(
        "    static_configs: [{{targets: ['{}'], labels: {{instance: i}}}}]\n{options}",
        target.address
    ))
}

impl Rig {
    pub(crate) fn new() -> Self {
        let (sender, batches) = mpsc::unbounded_channel();
        let is_full = Arc::new(AtomicBool::new(false));
        let sink = MemorySink {
            batches: sender,
            is_full: is_full.clone(),
        };
        let clock = Arc::new(ManualClock::new(1_000_000_000));
        let manager = ScrapeManager::new(Arc::new(sink), clock.clone());
        Self {
            clock,
            manager,
            batches,
            is_full,
        }
    }

    /// Whether writes fail from now on.
    pub(crate) fn disk_is_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    pub(crate) async fn apply(&self, config: &Config) {
        self.manager.apply(config).await.expect("applied");
    }

    /// The next batch.
    pub(crate) async fn batch(&mut self) -> WriteBatch {
        tokio::time::timeout(PATIENCE, self.batches.recv())
            .await
            .expect("a batch in time")
            .expect("the sink lives")
    }

    /// Whether a batch waits.
    pub(crate) fn has_batch(&mut self) -> bool {
        !self.batches.is_empty()
    }

    /// Lets the only loop scrape once, and gives what it wrote apart from the report.
    pub(crate) async fn scrape(&mut self) -> Vec<String> {
        let (samples, _) = self.scrape_all().await;
        samples
    }

    /// Samples and report of one scrape.
    pub(crate) async fn scrape_all(&mut self) -> (Vec<String>, Vec<String>) {
        self.clock.until_sleeping(1).await;
        self.clock.advance(INTERVAL_MS);
        let batch = self.batch().await;
        self.clock.until_sleeping(1).await;
        split(&batch)
    }
}

/// Samples of a batch without the time, sorted: those of the target, and those of the report.
pub(crate) fn split(batch: &WriteBatch) -> (Vec<String>, Vec<String>) {
    let values = batch.values().iter().zip(batch.sample_series());
    let mut shown: Vec<String> = values
        .map(|(value, series)| match is_stale(*value) {
            true => format!("{} stale", batch.labels(*series)),
            false => format!("{} {value}", batch.labels(*series)),
        })
        .collect();
    shown.sort();
    shown
        .into_iter()
        .partition(|s| !s.starts_with("up{") && !s.starts_with("scrape_"))
}
