//! What commands about SLOs share: which specs, which store, at which time.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use narthex_importer::Progress as _;
use narthex_model::{Error, Result, TimestampMs};
use narthex_slo::fill::FillOptions;
use narthex_slo::report::Asked;
use narthex_slo::spec::Slo;
use narthex_slo::store::Store;
use tokio::runtime::Handle;

use super::specs::SpecArguments;
use crate::cli::progress::{Bar, share_bar};
use crate::cli::source::open_store;
use crate::slos::{EngineStore, Opened, Progress, Shelf, books, window};
use crate::times::parse_time;

/// Which specs, over which store.
#[derive(Debug, Args)]
pub(super) struct OpenArguments {
    #[command(flatten)]
    specs: SpecArguments,

    /// Read this data folder, on which a server may be running, or this bucket: s3://…, gs://…, az://…, file:///…
    #[arg(long = "storage.path", value_name = "DIR|URL")]
    storage_path: PathBuf,

    /// The instant that is told of, where rolling windows end; the newest sample, if not given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    at: Option<TimestampMs>,

    /// The zone in which days begin and times are told: an IANA name
    #[arg(long = "tz", value_name = "ZONE", default_value = "UTC")]
    pub(super) zone: String,
}

/// SLOs with their slices.
pub(super) struct Read {
    pub(super) slos: Vec<Opened>,
    /// The instant that is told of.
    pub(super) at: TimestampMs,
    /// What could not be kept of specs of other formats, and what of ledgers could not be read.
    pub(super) notes: Vec<String>,
}

impl OpenArguments {
    /// What specs say, over these windows unless there are none, with so many periods to look back.
    ///
    /// # Errors
    /// `Invalid` if one of them is no window.
    pub(super) fn shown(&self, windows: &[String], periods: usize) -> Result<Asked> {
        let windows = windows.iter().map(|text| window(text, &self.zone));
        Ok(Asked {
            windows: windows.collect::<Result<_>>()?,
            ..Asked::plain(&self.zone, periods)
        })
    }

    /// Reads specs, and brings their slices up to date.
    ///
    /// # Errors
    /// Every mistake of the specs, a line each; whatever the store says.
    pub(super) async fn read(&self, shown: &Asked) -> Result<Read> {
        let specs = self.specs.read()?;
        let slos = specs.slos.iter().map(|placed| shown.slo(&placed.slo));
        let slos: Vec<Slo> = slos.collect();
        shown.check(slos.iter())?;
        let shown = shown.clone();
        let (engine, database) = open_store(&self.storage_path)?;
        let store = EngineStore::new(engine.snapshot(), Arc::new(database), Handle::current());
        let newest = store.span().map(|span| span.end);
        let at = self.at.or(newest).unwrap_or(0);
        let shelf = Shelf::open(&self.storage_path);
        let work = move || {
            let bar = CountBar(Bar::new(share_bar("slices")));
            books(
                &store,
                &shelf,
                &slos,
                &shown,
                (at, FillOptions::threads(threads())),
                &bar,
            )
        };
        let done = tokio::task::spawn_blocking(work).await;
        let slos = done.map_err(|e| Error::internal("counting ended early").with_source(e))??;
        let mut notes = specs.notes;
        for opened in &slos {
            let damage = opened.damage.iter();
            notes.extend(damage.map(|d| {
                let id = &opened.book.slo().id;
                format!(
                    "{id}: {} of its ledger cannot be read: {}",
                    d.file, d.reason
                )
            }));
        }
        Ok(Read { slos, at, notes })
    }
}

struct CountBar(Bar);

impl Progress for CountBar {
    fn begin(&self, total: u64) {
        self.0.begin(total);
    }

    fn reach(&self, done: u64) {
        self.0.reach(done);
    }
}

/// Threads that read.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
