//! Scraping: one task per target asks for its metrics on a fixed schedule and writes one batch per scrape.
//!
//! [`task`] is the loop; [`client`] asks; [`append`] turns the body into samples by way of the [`cache`]; [`report`] adds
//! `up` and its siblings.

mod append;
mod cache;
mod client;
mod error;
mod family;
mod job;
mod limits;
mod report;
mod schedule;
mod series;
mod status;
mod task;

pub(crate) use error::ScrapeError;
pub(crate) use job::Job;
pub(crate) use task::{Context, Start, Stop, Task};

pub use status::{Health, TargetStatus};
