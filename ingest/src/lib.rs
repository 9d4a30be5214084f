//! How samples come in: Prometheus' configuration, target discovery, relabelling, scraping.
//!
//! - [`Config`]: the YAML file; [`Config::load`] reads and checks it, errors name file, line, column and key.
//! - [`ScrapeManager`]: runs a configuration and writes every scrape as one batch to a [`narthex_model::Sink`];
//!   [`ScrapeManager::apply`] changes to another configuration, [`ScrapeManager::targets`] says how targets are doing.
//! - [`relabel`]: rules over label sets, for whoever else needs them.
//! - [`Clock`]: the seam to time; [`SystemClock`] is the machine's.
//!
//! Samples leave this crate only through the sink, and time enters it only through the clock.

mod clock;
pub mod config;
mod io;
mod manager;
pub mod relabel;
mod scrape;
mod targets;

pub use clock::{Clock, Sleep, SystemClock};
pub use config::{Config, RetentionRule, Warning};
pub use manager::{PoolStatus, ScrapeManager, TargetsSnapshot};
pub use scrape::{Health, TargetStatus};
pub use targets::{DroppedTarget, Target};
