//! What the tests share: small options, short ways to write and read, a disk that fails on demand.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::executor::block_on;
use narthex_model::{Labels, Receipt, Result, Sink, TimeRange, WriteBatch, is_stale};

use crate::block::Wanted;
use crate::fs::{AppendFile, FileSystem, RealFileSystem};
use crate::{Engine, Options, Retention, SampleColumns, Selection, Snapshot, WalSync};

/// Samples by labels and time; values as bits, so that NaN equals itself.
pub(super) type Samples = BTreeMap<Labels, BTreeMap<i64, u64>>;

/// Windows of 1 s, segments of 2 kB, late samples always accepted, no future.
pub(super) fn options() -> Options {
    Options {
        out_of_order_window_ms: i64::MAX / 4,
        block_threads: 2,
        block_duration_ms: 1000,
        wal_sync: WalSync::Commit,
        wal_segment_bytes_max: 2_000,
        memory_budget_bytes: 64 << 20,
        scrub_interval_ms: 0,
        scrub_bytes_per_second: u64::MAX,
        retention: Retention::default(),
        flush_interval: Duration::from_secs(3600),
        exemplars_max: 1000,
        now: || i64::MAX / 4,
    }
}

pub(super) fn open(path: &Path) -> Arc<Engine> {
    Engine::open(path, options(), None).expect("opens")
}

/// Labels of series number `i`.
pub(super) fn labels(i: u32) -> Labels {
    let (name, job) = (format!("metric_{}", i % 3), format!("job {i}"));
    Labels::new([("__name__", name.as_str()), ("job", job.as_str())]).expect("valid")
}

/// A batch of samples: series number, time, value.
pub(super) fn batch(samples: &[(u32, i64, f64)]) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for (series, t, value) in samples {
        let position = batch.push_packed_series(labels(*series).as_ref());
        batch.push_sample(position, *t, *value);
    }
    batch
}

pub(super) fn try_write(engine: &Engine, samples: &[(u32, i64, f64)]) -> Result<Receipt> {
    block_on(engine.write(batch(samples)))
}

pub(super) fn write(engine: &Engine, samples: &[(u32, i64, f64)]) {
    let receipt = try_write(engine, samples).expect("written");
    assert_eq!(
        (receipt.stored, receipt.rejected),
        (samples.len() as u64, 0)
    );
}

/// What the engine should hold after `samples`.
pub(super) fn add(model: &mut Samples, samples: &[(u32, i64, f64)]) {
    for (series, t, value) in samples {
        model
            .entry(labels(*series))
            .or_default()
            .insert(*t, value.to_bits());
    }
}

/// All samples in a range.
pub(super) fn read(snapshot: &Snapshot, range: TimeRange) -> Samples {
    let selection = snapshot.select(&[], range).expect("selects");
    let columns = selection.read(0..selection.len()).expect("reads");
    assert_eq!(columns.offsets.len(), selection.len() + 1);
    check_markers(&selection, &columns);
    let mut samples = Samples::new();
    for i in 0..selection.len() {
        assert!(columns.rows(i).len() as u64 <= selection.series(i).samples_max);
        assert!(columns.times(i).is_sorted_by(|a, b| a < b));
        let series: BTreeMap<_, _> = columns
            .samples(i)
            .map(|(t, value)| (t, value.to_bits()))
            .collect();
        if !series.is_empty() {
            let before = samples.insert(selection.series(i).labels.to_owned(), series);
            assert!(before.is_none(), "a series stands once");
        }
    }
    samples
}

/// Reading stale markers alone gives the same of them.
fn check_markers(selection: &Selection, columns: &SampleColumns) {
    let wanted = Wanted {
        values: false,
        ..Wanted::FLOATS
    };
    let markers = selection.read_wanted(0..selection.len(), wanted);
    let markers = markers.expect("reads");
    let stale = |of: &SampleColumns| of.values.iter().map(|v| is_stale(*v)).collect::<Vec<_>>();
    assert_eq!(stale(&markers), stale(columns));
    assert_eq!(
        (&markers.offsets, &markers.times_at, &markers.timestamps),
        (&columns.offsets, &columns.times_at, &columns.timestamps)
    );
}

pub(super) fn read_all(engine: &Engine) -> Samples {
    read(&engine.snapshot(), TimeRange::ALL)
}

/// Copies a folder as it is at this moment, while its owner may be writing.
pub(super) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("listed") {
        let path = entry.expect("listed").path();
        let target = to.join(path.file_name().expect("named"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

/// A disk that fails on demand, after writing a few bytes.
#[derive(Default)]
pub(super) struct FailingFileSystem {
    pub(super) faults: Arc<Faults>,
}

/// What fails.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) append: AtomicBool,
    pub(super) sync: AtomicBool,
    pub(super) truncate: AtomicBool,
    pub(super) create: AtomicBool,
    pub(super) rename: AtomicBool,
    pub(super) remove: AtomicBool,
}

struct FailingFile {
    file: Box<dyn AppendFile>,
    faults: Arc<Faults>,
}

fn fail(flag: &AtomicBool, error: i32) -> io::Result<()> {
    if flag.load(Ordering::SeqCst) {
        Err(io::Error::from_raw_os_error(error))
    } else {
        Ok(())
    }
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

impl AppendFile for FailingFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = fail(&self.faults.append, ENOSPC) {
            self.file.append(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        fail(&self.faults.sync, EIO)?;
        self.file.sync()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        fail(&self.faults.truncate, EIO)?;
        self.file.truncate(len)
    }
}

impl FileSystem for FailingFileSystem {
    fn create(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = RealFileSystem.create(path)?;
        fail(&self.faults.create, ENOSPC)?;
        Ok(Box::new(FailingFile {
            file,
            faults: self.faults.clone(),
        }))
    }

    fn open_append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        RealFileSystem.open_append(path)
    }

    fn write_over(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        RealFileSystem.write_over(path, offset, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if to.extension().is_some_and(|e| e == "json") {
            fail(&self.faults.rename, EIO)?;
        }
        RealFileSystem.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if path.extension().is_some_and(|e| e == "wal") {
            fail(&self.faults.remove, EIO)?;
        }
        RealFileSystem.remove(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fail(&self.faults.create, ENOSPC)?;
        RealFileSystem.create_folder(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        RealFileSystem.remove_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        fail(&self.faults.sync, EIO)?;
        RealFileSystem.sync_folder(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        RealFileSystem.free_bytes(path)
    }
}
