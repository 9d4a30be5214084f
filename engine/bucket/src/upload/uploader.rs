//! The task in the background that makes rounds, and its end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use narthex_engine::Engine;
use narthex_model::{Error, ErrorKind, Result, TimestampMs};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::record::Record;
use super::round::Sides;
use crate::bucket::Bucket;
use crate::client::in_place;
use crate::counters::UploadStats;

/// How uploads go.
#[derive(Debug, Clone, Copy)]
pub struct UploadOptions {
    /// How often it is looked whether there is something to do.
    pub interval: Duration,
    /// After a failure it waits twice as long each time, up to this.
    pub interval_max: Duration,
    /// How often the bucket is listed even if nothing happened here.
    pub rounds_per_listing: u32,
    /// How long a block stays in the bucket after it left the store: readers may still use it.
    pub removal_delay: Duration,
    /// At the end, the last blocks get this long.
    pub last_round_max: Duration,
    /// What time it is, in milliseconds since the epoch.
    pub now: fn() -> TimestampMs,
}

impl UploadOptions {
    /// The usual ones: looks every five seconds, and leaves blocks to readers for ten minutes after they are merged.
    pub fn new(now: fn() -> TimestampMs) -> Self {
        Self {
            interval: Duration::from_secs(5),
            interval_max: Duration::from_secs(120),
            rounds_per_listing: 120,
            removal_delay: Duration::from_secs(600),
            last_round_max: Duration::from_secs(20),
            now,
        }
    }
}

/// Uploads in the background. Dropping it ends that at once.
#[derive(Debug)]
pub struct Uploader {
    bucket: Bucket,
    stats: Arc<Mutex<UploadStats>>,
    /// Asks for a round out of turn.
    asked: mpsc::UnboundedSender<oneshot::Sender<Result<()>>>,
    stop: watch::Sender<Stop>,
    /// Says once that it has ended: its other side is dropped.
    ended: Mutex<mpsc::Receiver<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Not,
    AfterLastRound,
}

impl Uploader {
    /// Begins to keep `bucket` as `engine` is, whose data folder is `folder`. The bucket need not answer.
    ///
    /// # Errors
    /// `Corrupt` if the record of uploads in the data folder is damaged, `Unavailable` if it cannot be read.
    pub fn start(
        bucket: Bucket,
        engine: Arc<Engine>,
        folder: &Path,
        options: UploadOptions,
    ) -> Result<Self> {
        let stats = Arc::new(Mutex::new(UploadStats::default()));
        let sides = Sides {
            engine,
            folder: folder.to_owned(),
            record: Record::open(folder, bucket.url())?,
            bucket: bucket.clone(),
            there: None,
            tombstones: None,
            gone: std::collections::BTreeMap::new(),
            grace_ms: i64::try_from(options.removal_delay.as_millis()).unwrap_or(i64::MAX),
            now: options.now,
            stats: stats.clone(),
        };
        let (stop, stopped) = watch::channel(Stop::Not);
        let (alive, ended) = mpsc::channel(1);
        let (asked, asks) = mpsc::unbounded_channel();
        bucket.client.spawn(async move {
            let _alive = alive;
            run(sides, options, stopped, asks).await;
        });
        Ok(Self {
            bucket,
            stats,
            asked,
            stop,
            ended: Mutex::new(ended),
        })
    }

    /// Numbers so far.
    pub fn stats(&self) -> UploadStats {
        self.stats.lock().clone()
    }

    /// Looks at both sides and does what there is to do, now. Blocks the caller.
    ///
    /// # Errors
    /// `Unavailable` if the bucket does not answer, `Corrupt` if a block is damaged, `Closed` after [`Uploader::stop`].
    pub fn round(&self) -> Result<()> {
        let closed = || Error::new(ErrorKind::Closed, "uploads have ended");
        let (done, answer) = oneshot::channel();
        self.asked.send(done).map_err(|_| closed())?;
        in_place(|| answer.blocking_recv()).unwrap_or_else(|_| Err(closed()))
    }

    /// Uploads what is left, if that is possible in time, and ends. Blocks the caller.
    ///
    /// # Errors
    /// `Unavailable` if something is left; the next start uploads it.
    pub fn stop(&self) -> Result<()> {
        self.stop.send_replace(Stop::AfterLastRound);
        in_place(|| while self.ended.lock().blocking_recv().is_some() {});
        match self.stats().blocks_waiting {
            0 => Ok(()),
            waiting => Err(Error::unavailable(format!(
                "{waiting} blocks are not in {} yet; the next start uploads them",
                self.bucket.url()
            ))),
        }
    }
}

async fn run(
    mut sides: Sides,
    options: UploadOptions,
    mut stop: watch::Receiver<Stop>,
    mut asks: mpsc::UnboundedReceiver<oneshot::Sender<Result<()>>>,
) {
    let (mut failures, mut rounds) = (0_u32, 0_u32);
    let mut asked: Option<oneshot::Sender<Result<()>>> = None;
    loop {
        rounds = rounds.wrapping_add(1);
        if asked.is_some() || rounds.is_multiple_of(options.rounds_per_listing.max(1)) {
            sides.there = None;
        }
        let done = tokio::select! {
            ended = stop.changed() => return finish(sides, options, ended.is_ok()).await,
            done = sides.round() => done,
        };
        failures = note(&mut sides, &done, failures);
        if let Some(asked) = asked.take() {
            // Whoever asked may have gone.
            let _ = asked.send(done);
        }
        let doubled = options
            .interval
            .saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX));
        tokio::select! {
            ended = stop.changed() => return finish(sides, options, ended.is_ok()).await,
            ask = asks.recv() => asked = ask,
            () = sleep(doubled.min(options.interval_max).max(options.interval)) => {}
        }
    }
}

/// Says how the round went, and counts failures one after the other.
fn note(sides: &mut Sides, done: &Result<()>, failures: u32) -> u32 {
    let Err(error) = done else {
        return 0;
    };
    sides.there = None;
    sides.stats.lock().failures += 1;
    tracing::error!(%error, bucket = sides.bucket.url(), failures = failures + 1, "cannot bring blocks to the bucket, will try again");
    failures.saturating_add(1)
}

/// One more round, unless whoever asked is gone. What it was doing is begun anew.
async fn finish(mut sides: Sides, options: UploadOptions, wanted: bool) {
    if !wanted {
        return;
    }
    sides.there = None;
    match timeout(options.last_round_max, sides.round()).await {
        Ok(Ok(())) => {}
        Ok(done) => {
            note(&mut sides, &done, 0);
        }
        Err(_) => tracing::warn!(
            bucket = sides.bucket.url(),
            "blocks are not in the bucket yet; the next start uploads them"
        ),
    }
}
