//! Numbers that are read at the moment somebody asks: store, queries, configuration, process.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use narthex_engine::Stats;
use narthex_model::{Reading, ReadingKind};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::process;
use crate::App;

/// A registry that holds the readings.
pub(super) fn read(app: &App) -> Registry {
    let mut readings = Readings(Registry::default());
    readings.server(app);
    readings.process(app);
    if let Ok(store) = app.store() {
        readings.store(&store.engine.stats());
        readings.storage(&store.storage.stats());
        readings.labelled(store.ruling.readings());
        readings.labelled(store.slos.readings());
        readings.labelled(store.discovery.readings());
    }
    readings.0
}

/// Readings by name, as they are taken.
pub(super) struct Readings(Registry);

impl Readings {
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.0.register(name, help, ConstGauge::new(value));
    }

    /// `name` goes without `_total`; the format adds it.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.0.register(name, help, ConstCounter::new(value));
    }

    /// Readings with labels; those of a name make one family, and those with the same labels are added up.
    fn labelled(&mut self, readings: Vec<Reading>) {
        type LabelPairs = Vec<(&'static str, String)>;
        let mut families = BTreeMap::<_, Vec<Reading>>::new();
        for reading in readings {
            families.entry(reading.name).or_default().push(reading);
        }
        for (name, readings) in families {
            let Some((help, kind)) = readings.first().map(|first| (first.help, first.kind)) else {
                continue;
            };
            if kind == ReadingKind::Counter {
                let family = Family::<LabelPairs, Counter<f64, AtomicU64>>::default();
                for reading in readings {
                    family.get_or_create(&reading.labels).inc_by(reading.value);
                }
                let name = name.strip_suffix("_total").unwrap_or(name);
                self.0.register(name, help, family);
            } else {
                let family = Family::<LabelPairs, Gauge<f64, AtomicU64>>::default();
                for reading in readings {
                    let gauge = family.get_or_create(&reading.labels);
                    match kind {
                        ReadingKind::Gauge => gauge.inc_by(reading.value),
                        _ => gauge.set(reading.value),
                    };
                }
                self.0.register(name, help, family);
            }
        }
    }

    fn server(&mut self, app: &App) {
        let version = [("version".into(), env!("CARGO_PKG_VERSION").into())];
        let build = self.0.sub_registry_with_labels(version.into_iter());
        build.register(
            "prometheus_build_info",
            "Constant 1; the labels say which program runs",
            ConstGauge::new(1.0),
        );
        self.gauge(
            "prometheus_ready",
            "Whether the store is open",
            f64::from(u8::from(app.is_ready())),
        );
        self.gauge(
            "prometheus_config_last_reload_successful",
            "Whether the last configuration read was taken into force",
            f64::from(u8::from(app.config.last_reload_ok())),
        );
        self.gauge(
            "prometheus_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was read",
            app.config.loaded_at() as f64 / 1000.0,
        );
        self.gauge(
            "prometheus_engine_queries",
            "Queries that run now",
            app.queries.running.get() as f64,
        );
        self.gauge(
            "prometheus_engine_queries_concurrent_max",
            "Queries that may run at the same time",
            f64::from(app.settings.flags.query_max_concurrency),
        );
    }

    fn process(&mut self, app: &App) {
        self.gauge(
            "process_start_time_seconds",
            "When the process started",
            app.started as f64 / 1000.0,
        );
        if let Some(seconds) = process::cpu_seconds() {
            self.counter("process_cpu_seconds", "CPU time used", seconds);
        }
        if let Some(bytes) = process::resident_bytes() {
            self.gauge("process_resident_memory_bytes", "Memory in use", bytes);
        }
        if let Some(count) = process::open_files() {
            self.gauge("process_open_fds", "Open file descriptors", count);
        }
    }

    fn store(&mut self, stats: &Stats) {
        self.head(stats);
        self.gauge(
            "prometheus_tsdb_blocks_loaded",
            "Visible blocks",
            stats.blocks as f64,
        );
        self.gauge(
            "prometheus_tsdb_storage_blocks_bytes",
            "Bytes of the blocks on disk",
            stats.block_bytes as f64,
        );
        self.gauge(
            "narthex_block_samples",
            "Samples in the blocks",
            stats.block_samples as f64,
        );
        self.gauge(
            "prometheus_tsdb_wal_storage_size_bytes",
            "Bytes of the WAL on disk",
            stats.wal_bytes as f64,
        );
        self.gauge(
            "narthex_damaged_blocks",
            "Blocks that were found to be damaged; queries do without them",
            stats.damaged_blocks as f64,
        );
        self.gauge(
            "narthex_tombstones",
            "Deletes that are not yet done in all blocks",
            stats.tombstones as f64,
        );
        self.counter(
            "narthex_wal_fsyncs",
            "WAL fsyncs since start",
            stats.wal_fsyncs as f64,
        );
        self.failures(stats);
    }

    /// What the disk refused.
    fn failures(&mut self, stats: &Stats) {
        self.gauge(
            "narthex_wal_failing",
            "1 while samples are refused because the WAL cannot be written",
            f64::from(u8::from(stats.wal_fails)),
        );
        self.counter(
            "prometheus_tsdb_wal_writes_failed",
            "How often the WAL could not be written since start",
            stats.wal_failures as f64,
        );
        self.counter(
            "narthex_flushes_failed",
            "How often samples could not be written into blocks since start; they stay in head and WAL",
            stats.flush_failures as f64,
        );
        self.counter(
            "prometheus_tsdb_compactions",
            "Blocks made of smaller ones since start",
            stats.compactions as f64,
        );
        self.counter(
            "prometheus_tsdb_compactions_failed",
            "How often blocks could not be merged since start; they stay as they are",
            stats.compaction_failures as f64,
        );
    }

    fn head(&mut self, stats: &Stats) {
        self.gauge(
            "prometheus_tsdb_head_series",
            "Series with samples in the head",
            stats.head_series as f64,
        );
        self.gauge(
            "narthex_head_samples",
            "Samples in the head",
            stats.head_samples as f64,
        );
        self.gauge(
            "narthex_head_bytes",
            "Memory that the samples in the head take, in bytes",
            stats.head_bytes as f64,
        );
        self.gauge(
            "narthex_head_budget_bytes",
            "Memory that the samples in the head may take, in bytes",
            stats.head_budget_bytes as f64,
        );
        self.gauge(
            "prometheus_tsdb_head_chunks",
            "Runs of compressed samples in the head",
            stats.head_chunks as f64,
        );
        self.counter(
            "narthex_early_flushes",
            "Windows cut into blocks before they were due because the head was large",
            stats.early_flushes as f64,
        );
        self.gauge(
            "narthex_series",
            "Series that are known: those with samples, and for a while those without",
            stats.series as f64,
        );
        self.gauge(
            "narthex_series_bytes",
            "Memory that the labels of series and the index of them take, in bytes",
            stats.series_bytes as f64,
        );
        if let Some((oldest, newest)) = stats.head_time {
            self.gauge(
                "prometheus_tsdb_head_min_time_seconds",
                "Oldest sample in the head",
                oldest as f64 / 1000.0,
            );
            self.gauge(
                "prometheus_tsdb_head_max_time_seconds",
                "Newest sample in the head",
                newest as f64 / 1000.0,
            );
        }
        let appended = "prometheus_tsdb_head_samples_appended";
        self.counter(
            appended,
            "Samples acknowledged since start",
            stats.samples_appended as f64,
        );
        self.counter(
            "narthex_samples_rejected",
            "Samples refused since start",
            stats.samples_rejected as f64,
        );
        self.counter(
            "narthex_conflicting_samples",
            "Samples since start that took the place of another value at their time",
            stats.samples_conflicting as f64,
        );
    }
}
