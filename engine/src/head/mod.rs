//! Recent samples in memory: windows of time, in each of them pages of series, in each page compressed samples.

mod codec;
mod page;
mod sealed;
mod tails;
mod window;

pub(crate) use page::Pushed;
pub(crate) use window::{Window, window_number};
