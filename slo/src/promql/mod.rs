//! What the PromQL of an indicator counts: counters that can be counted exactly are told from all else.

mod counters;
mod indicator;
mod template;
mod unit;

pub use indicator::{Known, latency, of_counters, of_queries, of_ratio};
pub(crate) use template::fill;
pub use template::{Template, WINDOW};
pub(crate) use unit::are_rates;
