//! What the tests share: a writer, a bucket, readers of it, and short patience.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use narthex_bucket::{Bucket, BucketOptions, CacheOptions, Patience, UploadOptions, Uploader};
use narthex_engine::{Engine, Options, Snapshot};
use narthex_faulty::{ACCESS_KEY, BUCKET, Faults, S3Server, SECRET_KEY};
use narthex_model::{Labels, Result, Sink, TimeRange, WriteBatch};
use tempfile::TempDir;

/// Samples by labels and time; values as bits.
pub(crate) type Samples = BTreeMap<Labels, BTreeMap<i64, u64>>;

const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A store that uploads, the server it uploads to, and the faults between them.
pub(crate) struct World {
    pub(crate) faults: Faults,
    pub(crate) engine: Arc<Engine>,
    pub(crate) folder: TempDir,
    _server: S3Server,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("made");
        let server = S3Server::start(&folder.path().join("s3"), ANY_PORT).expect("serves");
        let faults = Faults::start(ANY_PORT, server.address()).expect("serves");
        Self {
            faults,
            engine: open(&folder.path().join("data")),
            folder,
            _server: server,
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn url(&self) -> String {
        let address = self.faults.address();
        format!(
            "s3://{BUCKET}/some/prefix?endpoint=http://{address}&region=us-east-1\
             &access_key_id={ACCESS_KEY}&secret_access_key={SECRET_KEY}"
        )
    }

    pub(crate) fn bucket(&self) -> Bucket {
        self.bucket_with(CacheOptions::default())
    }

    pub(crate) fn bucket_with(&self, cache: CacheOptions) -> Bucket {
        let options = BucketOptions {
            cache,
            read: patience(),
            write: patience(),
            part_bytes: 5 << 20,
        };
        Bucket::new(&self.url(), options).expect("made")
    }

    /// Rounds are made on demand alone.
    pub(crate) fn uploader(&self) -> Uploader {
        self.uploader_of(&self.engine)
    }

    /// As slow as the machine may be.
    pub(crate) fn patient_uploader(&self) -> Uploader {
        let options = BucketOptions {
            part_bytes: 5 << 20,
            ..BucketOptions::default()
        };
        let bucket = Bucket::new(&self.url(), options).expect("made");
        Self::start(bucket, &self.engine, &self.data())
    }

    pub(crate) fn uploader_of(&self, engine: &Arc<Engine>) -> Uploader {
        Self::start(self.bucket(), engine, &self.data())
    }

    fn start(bucket: Bucket, engine: &Arc<Engine>, data: &Path) -> Uploader {
        let options = UploadOptions {
            interval: Duration::from_secs(3600),
            interval_max: Duration::from_secs(3600),
            rounds_per_listing: 1,
            removal_delay: Duration::ZERO,
            last_round_max: Duration::from_secs(5),
            now: || 0,
        };
        Uploader::start(bucket, engine.clone(), data, options).expect("starts")
    }

    /// A new reader of the bucket with an empty cache.
    pub(crate) fn reader(&self) -> Result<Arc<Engine>> {
        self.reader_with(CacheOptions::default())
    }

    pub(crate) fn reader_with(&self, cache: CacheOptions) -> Result<Arc<Engine>> {
        let bucket = self.bucket_with(cache);
        bucket.check()?;
        Engine::open_blocks(Arc::new(bucket))
    }
}

/// Gives up soon.
pub(crate) fn patience() -> Patience {
    Patience {
        attempt: Duration::from_millis(1500),
        total: Duration::from_secs(3),
        first_wait: Duration::from_millis(1),
        wait_max: Duration::from_millis(20),
    }
}

/// Windows of 1 s, late samples always accepted, no future.
pub(crate) fn open(path: &Path) -> Arc<Engine> {
    let options = Options {
        out_of_order_window_ms: i64::MAX / 4,
        block_duration_ms: 1000,
        now: || i64::MAX / 4,
        ..Options::default()
    };
    Engine::open(path, options, None).expect("opens")
}

fn labels(series: u32) -> Labels {
    let (name, job) = (format!("metric_{}", series % 3), format!("job {series}"));
    Labels::new([("__name__", name.as_str()), ("job", job.as_str())]).expect("valid")
}

/// Writes samples: series number, time, value.
pub(crate) fn write(engine: &Engine, samples: &[(u32, i64, f64)]) {
    let mut batch = WriteBatch::new();
    for (series, t, value) in samples {
        let position = batch.push_packed_series(labels(*series).as_ref());
        batch.push_sample(position, *t, *value);
    }
    let receipt = block_on(engine.write(batch)).expect("written");
    assert_eq!(receipt.rejected, 0);
}

/// Many samples that do not compress well, in windows `from..to`.
pub(crate) fn write_noise(engine: &Engine, from: i64, to: i64) {
    let noise = |series: u32, t: i64| {
        let mixed = (t as u64 ^ (u64::from(series) << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 11) as f64 / 3.0
    };
    for window in from..to {
        let times = (0..250).map(|i| window * 1000 + i * 4);
        let samples: Vec<_> = times
            .flat_map(|t| (0..64).map(move |s| (s, t, noise(s, t))))
            .collect();
        write(engine, &samples);
    }
}

/// All samples of a snapshot.
pub(crate) fn read(snapshot: &Snapshot) -> Result<Samples> {
    let selection = snapshot.select(&[], TimeRange::ALL)?;
    let columns = selection.read(0..selection.len())?;
    let mut samples = Samples::new();
    for at in 0..selection.len() {
        let bits = columns.samples(at).map(|(t, v)| (t, v.to_bits()));
        let series: BTreeMap<_, _> = bits.collect();
        if !series.is_empty() {
            samples.insert(selection.series(at).labels.to_owned(), series);
        }
    }
    Ok(samples)
}

/// Whether a reader shows what the writer has, without printing all of it.
pub(crate) fn same(reader: &Engine, writer: &Engine) -> bool {
    read_all(reader) == read_all(writer)
}

pub(crate) fn read_all(engine: &Engine) -> Samples {
    read(&engine.snapshot()).expect("reads")
}
