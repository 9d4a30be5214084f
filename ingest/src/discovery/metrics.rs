//! What discovery tells of itself, under Prometheus' names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use narthex_model::{Counter, Reading, ReadingKind, Summary};
use parking_lot::Mutex;

use super::finder::{FinderId, Seeker};

/// A way to find targets by asking somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Http,
    Dns,
}

impl Mechanism {
    const ALL: [Self; 2] = [Self::Http, Self::Dns];

    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Dns => "dns",
        }
    }
}

/// What is counted of a mechanism.
#[derive(Debug, Default)]
pub(super) struct Refreshes {
    pub(super) duration: Summary,
    pub(super) failures: Counter,
}

/// What is counted of those who want to know of targets.
#[derive(Debug, Default)]
pub(super) struct Updates {
    pub(super) received: Counter,
    pub(super) passed_on: Counter,
}

/// What is counted over all discoveries, for scraping and for Alertmanagers.
#[derive(Debug, Default)]
pub struct DiscoveryMetrics {
    refreshes: [Refreshes; Mechanism::ALL.len()],
    updates: [Updates; Seeker::ALL.len()],
    /// How many addresses each finder knows, with the name of its section.
    found: Mutex<BTreeMap<(Seeker, FinderId), (String, usize)>>,
    pub(super) http_failures: Counter,
    pub(super) dns_lookups: Counter,
    pub(super) dns_failures: Counter,
    pub(super) file_errors: Counter,
    pub(super) file_scans: Summary,
    pub(super) watcher_errors: Counter,
    /// When each target file was changed last, in seconds.
    pub(super) file_times: Mutex<BTreeMap<PathBuf, f64>>,
}

impl DiscoveryMetrics {
    pub(super) fn of(&self, mechanism: Mechanism) -> &Refreshes {
        let [http, dns] = &self.refreshes;
        match mechanism {
            Mechanism::Http => http,
            Mechanism::Dns => dns,
        }
    }

    pub(super) fn updates(&self, seeker: Seeker) -> &Updates {
        let [scraping, notification] = &self.updates;
        match seeker {
            Seeker::Scraping => scraping,
            Seeker::Notification => notification,
        }
    }

    /// The finder of the section `config` knows so many addresses now.
    pub(super) fn set_found(&self, finder: (Seeker, FinderId), config: &str, count: usize) {
        let mut found = self.found.lock();
        found.insert(finder, (config.to_owned(), count));
    }

    /// The finder looks no more.
    pub(super) fn forget(&self, finder: (Seeker, FinderId)) {
        self.found.lock().remove(&finder);
    }

    /// All numbers.
    pub fn readings(&self) -> Vec<Reading> {
        let mut readings = self.of_seekers();
        readings.extend(Mechanism::ALL.iter().flat_map(|m| self.of_mechanism(*m)));
        readings.extend(self.of_files());
        readings.extend([
            counter(
                "prometheus_sd_http_failures_total",
                "Number of HTTP service discovery refresh failures.",
                &self.http_failures,
            ),
            counter(
                "prometheus_sd_dns_lookups_total",
                "The number of DNS-SD lookups.",
                &self.dns_lookups,
            ),
            counter(
                "prometheus_sd_dns_lookup_failures_total",
                "The number of DNS-SD lookup failures.",
                &self.dns_failures,
            ),
        ]);
        readings
    }

    fn of_seekers(&self) -> Vec<Reading> {
        let found = self.found.lock();
        let found = found.iter().map(|((seeker, _), (config, count))| Reading {
            name: "prometheus_sd_discovered_targets",
            help: "Current number of discovered targets.",
            kind: ReadingKind::Gauge,
            labels: vec![
                ("name", seeker.as_str().to_owned()),
                ("config", config.clone()),
            ],
            value: *count as f64,
        });
        let mut readings: Vec<_> = found.collect();
        for seeker in Seeker::ALL {
            let updates = self.updates(seeker);
            let counters = [
                counter(
                    "prometheus_sd_received_updates_total",
                    "Total number of update events received from the SD providers.",
                    &updates.received,
                ),
                counter(
                    "prometheus_sd_updates_total",
                    "Total number of update events sent to the SD consumers.",
                    &updates.passed_on,
                ),
            ];
            let name = || ("name", seeker.as_str().to_owned());
            // Updates go straight to those who wait for them, and a configuration that cannot be used is never in force.
            readings.push(Reading {
                name: "prometheus_sd_updates_delayed_total",
                help: "Total number of update events that couldn't be sent immediately.",
                kind: ReadingKind::Counter,
                labels: vec![name()],
                value: 0.0,
            });
            readings.push(Reading {
                name: "prometheus_sd_failed_configs",
                help: "Current number of service discovery configurations that failed to load.",
                kind: ReadingKind::Gauge,
                labels: vec![name()],
                value: 0.0,
            });
            readings.extend(counters.map(|reading| labelled(reading, name())));
        }
        readings
    }

    fn of_mechanism(&self, mechanism: Mechanism) -> Vec<Reading> {
        let refreshes = self.of(mechanism);
        let mut readings = refreshes.duration.read(
            [
                "prometheus_sd_refresh_duration_seconds",
                "prometheus_sd_refresh_duration_seconds_sum",
                "prometheus_sd_refresh_duration_seconds_count",
            ],
            "The duration of a refresh in seconds for the given SD mechanism.",
            &[0.5, 0.9, 0.99],
        );
        readings.push(counter(
            "prometheus_sd_refresh_failures_total",
            "Number of refresh failures for the given SD mechanism.",
            &refreshes.failures,
        ));
        let name = || ("mechanism", mechanism.as_str().to_owned());
        let labelled = readings
            .into_iter()
            .map(|reading| labelled(reading, name()));
        labelled.collect()
    }

    fn of_files(&self) -> Vec<Reading> {
        let mut readings = self.file_scans.read(
            [
                "prometheus_sd_file_scan_duration_seconds",
                "prometheus_sd_file_scan_duration_seconds_sum",
                "prometheus_sd_file_scan_duration_seconds_count",
            ],
            "The duration of the File-SD scan in seconds.",
            &[0.5, 0.9, 0.99],
        );
        readings.push(counter(
            "prometheus_sd_file_read_errors_total",
            "The number of File-SD read errors.",
            &self.file_errors,
        ));
        readings.push(counter(
            "prometheus_sd_file_watcher_errors_total",
            "The number of File-SD errors caused by filesystem watch failures.",
            &self.watcher_errors,
        ));
        let times = self.file_times.lock();
        readings.extend(times.iter().map(|(path, seconds)| Reading {
            name: "prometheus_sd_file_mtime_seconds",
            help: "Timestamp (mtime) of files read by FileSD. Timestamp is set at read time.",
            kind: ReadingKind::Gauge,
            labels: vec![("filename", path.display().to_string())],
            value: *seconds,
        }));
        readings
    }
}

fn counter(name: &'static str, help: &'static str, counter: &Counter) -> Reading {
    Reading {
        name,
        help,
        kind: ReadingKind::Counter,
        labels: Vec::new(),
        value: counter.get(),
    }
}

fn labelled(mut reading: Reading, label: (&'static str, String)) -> Reading {
    reading.labels.push(label);
    reading
}
