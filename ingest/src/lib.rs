//! How samples come in: Prometheus' configuration, target discovery, relabelling, scraping; and where alerts go out to,
//! since Alertmanagers are found and asked as targets are.
//!
//! - [`Config`]: the YAML file; [`Config::load`] reads and checks it, errors name file, line, column and key.
//! - [`ScrapeManager`]: runs a configuration and writes every scrape as one batch to a [`narthex_model::Sink`];
//!   [`ScrapeManager::apply`] changes to another configuration, [`ScrapeManager::targets`] says how targets are doing.
//! - [`Alertmanagers`]: finds those who are told of alerts; [`HttpClient`] speaks to them as the configuration says.
//! - [`unusable()`]: what would keep a well-formed configuration from being used.
//! - [`DiscoveryMetrics`]: what both count of discovery.
//! - [`relabel`]: rules over label sets, for whoever else needs them.
//! - [`SystemClock`]: the machine's [`Clock`], which is the seam to time.
//!
//! Samples leave this crate only through the sink, and time enters it only through the clock.

mod alertmanagers;
mod clock;
pub mod config;
mod discovery;
mod http;
mod io;
mod manager;
pub mod relabel;
mod scrape;
mod targets;
mod usable;

pub use alertmanagers::{AlertmanagerPlan, Alertmanagers, FoundAlertmanager};
pub use clock::SystemClock;
pub use config::{AlertingConfig, AlertmanagerConfig, Config, Relabelling, RetentionRule, Warning};
pub use discovery::{DiscoveryMetrics, glob};
pub use http::{Answers, HttpClient, explain};
pub use manager::{PoolStatus, ScrapeManager, TargetsSnapshot};
pub use narthex_model::{Clock, Sleep};
pub use relabel::RelabelConfig;
pub use scrape::{Health, TargetStatus};
pub use targets::{DroppedTarget, Target};
pub use usable::unusable;
