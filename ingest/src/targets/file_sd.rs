//! `file_sd_configs`: target files, read again when the folder says they changed, and every refresh interval.
//!
//! Invariant: a file that cannot be read keeps the groups it had when it last could; only a file that no pattern finds
//! any more loses them.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::discovery::{Discovery, Groups, Report, TargetGroup};
use super::glob::{folder, glob};
use super::target_file;
use crate::config::FileSdConfig;
use narthex_model::Clock;

/// Files are not read more often than this unless they change, in milliseconds.
const REFRESH_MS_MIN: i64 = 1000;

/// The discovery of one element of `file_sd_configs`.
pub(crate) struct FileDiscovery {
    config: FileSdConfig,
    /// What each file said when it could last be read.
    files: BTreeMap<PathBuf, Vec<TargetGroup>>,
    changed: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
}

impl FileDiscovery {
    /// A discovery that has not looked yet.
    pub(crate) fn new(config: FileSdConfig) -> Self {
        Self {
            config,
            files: BTreeMap::new(),
            changed: Arc::new(Notify::new()),
            watcher: None,
        }
    }

    /// Watches the folders of all patterns. Without a watcher the refresh interval still finds every change.
    fn start_watcher(&mut self) {
        let changed = self.changed.clone();
        let on_event = move |event: notify::Result<notify::Event>| {
            // Our own reading shows up as access and must not start the next reading.
            if event.is_ok_and(|e| !e.kind.is_access()) {
                changed.notify_one();
            }
        };
        let mut watcher = match notify::recommended_watcher(on_event) {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!(%error, "cannot watch target files, they are read every refresh interval");
                return;
            }
        };
        for pattern in &self.config.files {
            if let Err(error) = watcher.watch(folder(pattern), RecursiveMode::NonRecursive) {
                tracing::warn!(%error, folder = %folder(pattern).display(), "cannot watch the folder of target files");
            }
        }
        self.watcher = Some(watcher);
    }

    fn paths(&self, problems: &mut Vec<String>) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for pattern in &self.config.files {
            match glob(pattern) {
                Ok(found) => paths.extend(found),
                Err(error) => problems.push(error.to_string()),
            }
        }
        paths
    }
}

impl Discovery for FileDiscovery {
    fn look(&mut self) -> Groups {
        if self.watcher.is_none() {
            // Before reading, so that a change after it is not missed.
            self.start_watcher();
        }
        let mut problems = Vec::new();
        let mut old = std::mem::take(&mut self.files);
        let paths = self.paths(&mut problems);
        let unlisted = !problems.is_empty();
        for path in paths {
            let groups = target_file::read(&path).unwrap_or_else(|error| {
                problems.push(error.to_string());
                old.remove(&path).unwrap_or_default()
            });
            self.files.insert(path, groups);
        }
        if unlisted {
            for (path, groups) in old {
                self.files.entry(path).or_insert(groups);
            }
        }
        Groups {
            groups: self.files.values().flatten().cloned().collect(),
            problems,
        }
    }

    fn watch(
        mut self: Box<Self>,
        report: Report,
        clock: Arc<dyn Clock>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let changed = self.changed.clone();
            let mut last = None;
            loop {
                let due = clock
                    .now_ms()
                    .saturating_add(self.config.refresh_interval.0.max(REFRESH_MS_MIN));
                tokio::select! {
                    () = changed.notified() => {}
                    () = clock.sleep_until(due) => {}
                }
                let now = Some(self.look());
                if now != last {
                    report(now.clone().unwrap_or_default()).await;
                    last = now;
                }
            }
        })
    }
}
