//! Progress bars on standard error; nothing when it is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use narthex_engine::Progress;

/// A bar over bytes, or a spinner if their number is not known.
pub(crate) fn bytes_bar(what: &'static str, total: Option<u64>) -> ProgressBar {
    // indicatif draws nothing when standard error is no terminal.
    let target = ProgressDrawTarget::stderr();
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::with_draw_target(Some(total), target),
            "{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}",
        ),
        None => (
            ProgressBar::with_draw_target(None, target),
            "{prefix} {spinner} {bytes} {bytes_per_sec} {msg}",
        ),
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar.set_prefix(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
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
