//! Recent samples in memory: windows of time, and in each a chunk per series.

mod chunk;
mod window;

pub(crate) use window::{Window, window_number};
