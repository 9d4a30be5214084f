//! Progress bars on standard error; nothing when it is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use narthex_engine::Progress;
use narthex_importer::Progress as ImportProgress;

/// A bar over bytes, or a spinner if their number is not known.
pub(crate) fn bytes_bar(what: &'static str, total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}",
        None => "{prefix} {spinner} {bytes} {bytes_per_sec} {msg}",
    };
    styled(what, total, template)
}

/// A bar over samples, whose number is said later.
pub(crate) fn samples_bar(what: &'static str) -> ProgressBar {
    let template = "{prefix} [{bar:30}] {human_pos}/{human_len} samples {per_sec} {eta} {msg}";
    styled(what, Some(0), template)
}

/// A bar that shows only how much of the whole is done.
pub(crate) fn share_bar(what: &'static str) -> ProgressBar {
    styled(what, Some(0), "{prefix} [{bar:30}] {percent} % {eta} {msg}")
}

fn styled(what: &'static str, total: Option<u64>, template: &str) -> ProgressBar {
    // indicatif draws nothing when standard error is no terminal.
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar.set_prefix(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The progress of an import as a bar; it goes away with this.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(bar: ProgressBar) -> Self {
        Self(bar)
    }
}

impl ImportProgress for Bar {
    fn begin(&self, total: u64) {
        self.0.set_length(total);
    }

    fn reach(&self, done: u64) {
        self.0.set_position(done);
    }

    fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The replay of the write-ahead log as a bar.
pub(crate) struct Replay(ProgressBar);

impl Replay {
    pub(crate) fn new() -> Self {
        Self(bytes_bar("replay", Some(0)))
    }
}

impl Progress for Replay {
    fn replayed(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
        if done >= total {
            self.0.finish_and_clear();
        }
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
