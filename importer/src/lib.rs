//! How do the samples of another store come in?
//!
//! An import reads a store that something else wrote and adds its samples to ours, one span of time after the other, in
//! bounded memory. What is done is noted in the data folder: an import that was interrupted goes on where it stopped, and
//! one that is repeated changes nothing.

pub mod blocks;
pub mod parquet;
mod piece_file;
mod progress;
pub mod prometheus;
mod report;

pub use progress::Progress;
pub use report::{Report, Written};
