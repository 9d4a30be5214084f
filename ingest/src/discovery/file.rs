//! `file_sd_configs`: target files, read again when the folder says they changed, and every refresh interval.
//!
//! Invariant: a file that cannot be read keeps the groups it had when it last could; only a file that is not there any more
//! loses them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use narthex_model::ErrorKind;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::glob::{folder, glob};
use super::group::{Groups, TargetGroup};
use super::refresh::INTERVAL_MS_MIN;
use super::{Context, Discovery, Pending, Report, target_file};
use crate::config::FileSdConfig;

/// The discovery of one element of `file_sd_configs`.
pub(crate) struct FileDiscovery {
    config: FileSdConfig,
    /// What each file said when it could last be read.
    files: BTreeMap<PathBuf, Vec<TargetGroup>>,
    changed: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    /// Folders that cannot be watched.
    unwatched: BTreeSet<PathBuf>,
    context: Context,
}

impl FileDiscovery {
    /// A discovery that has not looked yet.
    pub(crate) fn new(config: FileSdConfig, context: Context) -> Self {
        Self {
            config,
            context,
            files: BTreeMap::new(),
            changed: Arc::new(Notify::new()),
            watcher: None,
            unwatched: BTreeSet::new(),
        }
    }

    /// Hears of changes from now on. Without a watcher the refresh interval still finds every change.
    fn start_watcher(&mut self) {
        let (changed, metrics) = (self.changed.clone(), self.context.metrics.clone());
        let on_event = move |event: notify::Result<notify::Event>| {
            if event.is_err() {
                metrics.watcher_errors.add(1);
            }
            // Our own reading shows up as access and must not start the next reading.
            if event.is_ok_and(|e| !e.kind.is_access()) {
                changed.notify_one();
            }
        };
        let watcher = match notify::recommended_watcher(on_event) {
            Ok(watcher) => watcher,
            Err(error) => {
                self.context.metrics.watcher_errors.add(1);
                tracing::warn!(%error, "cannot watch target files, they are read every refresh interval");
                return;
            }
        };
        self.watcher = Some(watcher);
    }

    /// Watches the folders of all patterns: those that were not there, or were made anew, as well as those that are watched already.
    fn watch_folders(&mut self) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for pattern in &self.config.files {
            let folder = folder(pattern);
            let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) else {
                self.unwatched.remove(folder);
                continue;
            };
            if self.unwatched.insert(folder.to_owned()) {
                self.context.metrics.watcher_errors.add(1);
                tracing::warn!(%error, folder = %folder.display(), "cannot watch the folder of target files");
            }
        }
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

impl FileDiscovery {
    /// What stands in the files now.
    pub(super) fn read(&mut self) -> Groups {
        let began = self.context.clock.monotonic();
        if self.watcher.is_none() {
            self.start_watcher();
        }
        // Before reading, so that a change after it is not missed.
        self.watch_folders();
        let mut problems = Vec::new();
        let mut old = std::mem::take(&mut self.files);
        let paths = self.paths(&mut problems);
        let unlisted = !problems.is_empty();
        for path in paths {
            let known = old.remove(&path);
            let groups = target_file::read(&path).unwrap_or_else(|error| {
                problems.push(error.to_string());
                let is_gone = error.kind() == ErrorKind::NotFound;
                known.filter(|_| !is_gone).unwrap_or_default()
            });
            self.note_time(&path);
            self.files.insert(path, groups);
        }
        for (path, groups) in old {
            if unlisted {
                self.files.entry(path).or_insert(groups);
            } else {
                self.context.metrics.file_times.lock().remove(&path);
            }
        }
        self.context.metrics.file_errors.add(problems.len() as u64);
        let took = self.context.clock.monotonic().saturating_sub(began);
        self.context.metrics.file_scans.observe(took);
        Groups {
            groups: self.files.values().flatten().cloned().collect(),
            problems,
        }
    }

    fn note_time(&self, path: &Path) {
        let changed = std::fs::metadata(path).and_then(|found| found.modified());
        let since = changed
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let mut times = self.context.metrics.file_times.lock();
        match since {
            Some(since) => drop(times.insert(path.to_owned(), since.as_secs_f64())),
            None => drop(times.remove(path)),
        }
    }
}

impl Drop for FileDiscovery {
    fn drop(&mut self) {
        let mut times = self.context.metrics.file_times.lock();
        times.retain(|path, _| !self.files.contains_key(path));
    }
}

impl Discovery for FileDiscovery {
    fn look(&mut self) -> Option<Groups> {
        Some(self.read())
    }

    fn watch(mut self: Box<Self>, report: Report) -> Pending<'static, ()> {
        Box::pin(async move {
            let clock = self.context.clock.clone();
            let changed = self.changed.clone();
            let mut last = None;
            loop {
                let due = clock
                    .now_ms()
                    .saturating_add(self.config.refresh_interval.0.max(INTERVAL_MS_MIN));
                tokio::select! {
                    () = changed.notified() => {}
                    () = clock.sleep_until(due) => {}
                }
                // Files may be large and far away: whoever scrapes need not wait for them.
                let reading = tokio::task::spawn_blocking(move || {
                    let found = self.read();
                    (self, found)
                });
                let Ok((back, now)) = reading.await else {
                    tracing::error!("reading target files ended early");
                    return;
                };
                self = back;
                if last.as_ref() != Some(&now) {
                    report(now.clone()).await;
                    last = Some(now);
                }
            }
        })
    }
}
