//! How samples come in: Prometheus' configuration, target discovery, relabelling, scraping.
//!
//! - [`Config`]: the YAML file; [`Config::load`] reads and checks it, errors name file, line, column and key.
//! - [`ScrapeManager`]: runs a configuration and writes every scrape as one batch to a [`narthex_model::Sink`];
//!   [`ScrapeManager::apply`] changes to another configuration, [`ScrapeManager::targets`] says how targets are doing.
//! - [`relabel`]: rules over label sets, for whoever else needs them.
//! - [`SystemClock`]: the machine's [`Clock`], which is the seam to time.
//!
//! Samples leave this crate only through the sink, and time enters it only through the clock.

mod clock;
pub mod config;
mod io;
mod manager;
pub mod relabel;
mod scrape;
mod targets;

pub use clock::SystemClock;
pub use config::{AlertingConfig, AlertmanagerConfig, Config, Relabelling, RetentionRule, Warning};
pub use manager::{PoolStatus, ScrapeManager, TargetsSnapshot};
pub use narthex_model::{Clock, Sleep};
pub use relabel::RelabelConfig;
pub use scrape::{Health, TargetStatus};
pub use targets::{DroppedTarget, Target, glob};
