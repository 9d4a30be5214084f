//! Loads the data set into one system and measures what it cost.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use narthex_datasets::send::{SendOptions, send};
use narthex_datasets::{Fleet, HostKind};
use narthex_model::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::peers::Place;
use crate::process::Memory;

const CONNECTIONS: usize = 2;
const HOSTS_PER_REQUEST: usize = 20;

/// What a load cost. It is kept beside the data, so that a later run can use both again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Load {
    /// Which data: seed and shape.
    pub(crate) dataset: String,
    pub(crate) samples: u64,
    /// From the first request to the last ack.
    pub(crate) seconds: f64,
    /// Processor time in these seconds.
    pub(crate) cpu_seconds: f64,
    /// Processor time after them: flushing and compacting.
    pub(crate) settle_cpu_seconds: f64,
    /// After the last ack.
    pub(crate) memory: Memory,
    /// On disk, at rest.
    pub(crate) disk_bytes: u64,
}

/// The fleet in words: equal words are equal samples.
pub(crate) fn describe(fleet: &Fleet) -> String {
    let o = fleet.options();
    let kind = match o.kind {
        HostKind::Node => "fleet",
        HostKind::Cpu => "processors as in TSBS' cpu-only",
    };
    format!(
        "{kind}, seed {}: {} hosts, {} scrapes every {} ms from {} ms",
        o.seed, o.hosts, o.scrapes, o.interval_ms, o.start_ms
    )
}

/// As [`describe`], and where the samples are.
fn described(fleet: &Fleet, place: &Place) -> String {
    let head = if place.keeps_head() {
        ", in the head"
    } else {
        ""
    };
    describe(fleet) + head
}

/// Loads `fleet` into the system at `place`, unless its folder has that data already.
pub(crate) async fn load(fleet: &Fleet, place: &Place) -> Result<Load> {
    let notes = place.folder.join("load.json");
    let dataset = described(fleet, place);
    if let Some(load) = read_notes(&notes).filter(|load| load.dataset == dataset) {
        return Ok(load);
    }
    if place.folder.exists() {
        let folder = place.folder.display();
        std::fs::remove_dir_all(&place.folder)
            .map_err(|e| Error::unavailable(format!("cannot empty {folder}")).with_source(e))?;
    }
    let load = load_anew(fleet, place)
        .await
        .map_err(|e| e.context(place.kind.name()))?;
    let json = serde_json::to_string_pretty(&load)
        .map_err(|e| Error::internal("cannot write the load's notes").with_source(e))?;
    std::fs::write(&notes, json).map_err(|e| {
        Error::unavailable(format!("cannot write {}", notes.display())).with_source(e)
    })?;
    Ok(load)
}

fn read_notes(path: &Path) -> Option<Load> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

async fn load_anew(fleet: &Fleet, place: &Place) -> Result<Load> {
    let system = place.start().await?;
    let options = SendOptions {
        url: system.write_url(),
        connections: CONNECTIONS,
        hosts_per_request: HOSTS_PER_REQUEST,
        retries: 10,
        timeout: Duration::from_secs(60),
        live: false,
    };
    let bar = progress_bar(place.kind.name(), fleet.sample_count());
    let on_ack = {
        let bar = bar.clone();
        Arc::new(move |ack: &narthex_datasets::send::Ack| bar.inc(ack.samples))
    };
    let cpu_before = system.process.cpu_seconds();
    let started = Instant::now();
    send(fleet, &options, on_ack).await?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu_after = system.process.cpu_seconds();
    bar.finish_and_clear();
    let memory = system.process.memory();

    let settled_bytes = system.settle().await?;
    let (cpu_all, folder_bytes) = if place.keeps_head() {
        system.kill()
    } else {
        system.stop()?
    };
    Ok(Load {
        dataset: described(fleet, place),
        samples: fleet.sample_count(),
        seconds,
        cpu_seconds: cpu_after - cpu_before,
        settle_cpu_seconds: cpu_all - cpu_after,
        memory,
        disk_bytes: settled_bytes.unwrap_or(folder_bytes),
    })
}

fn progress_bar(name: &'static str, samples: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{msg:16} {wide_bar} {human_pos} of {human_len} samples, {per_sec}, {eta} left",
    );
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(samples)
        .with_style(style)
        .with_message(name)
}
