//! Who may ask, and over which wire? The HTTP API, the wiring, and the `narthex` program.
//!
//! Only this crate knows HTTP and JSON. [`serve`] joins the parts; `http` has one file per endpoint, [`cli`] one per
//! command.

mod backfilling;
pub mod cli;
mod config;
pub mod flags;
mod http;
mod json;
mod limits;
mod logging;
mod memory;
mod metrics;
pub mod promqltest;
mod queries;
mod reload;
mod retention;
mod rows;
mod ruletest;
mod ruling;
mod scraping;
mod selectors;
pub mod serve;
mod slos;
mod state;
mod storage;
mod times;

use state::App;
