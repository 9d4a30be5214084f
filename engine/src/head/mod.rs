//! Recent samples in memory: windows of time, in each of them pages of series, in each page compressed samples.

mod appended;
mod codec;
mod extras;
mod gathered;
mod gathered_runs;
mod histogram_chunk;
mod histogram_codec;
mod packed;
mod page;
mod sealed;
mod shared_map;
mod starts;
mod tails;
mod window;

pub(crate) use gathered::Gathered;
pub(crate) use gathered_runs::GatheredRuns;
pub(crate) use packed::PackedRun;
pub(crate) use page::{PAGE_SLOTS, Pushed};
pub(crate) use window::{Window, window_number};
