//! Runs PromQL test scripts (Prometheus' `.test` language) through the engine and the planner that serve queries.
//!
//! A script loads series, evaluates queries and says what they must answer. Every case that does not is reported with its
//! file, line, query, what was expected and what came.

mod compare;
mod evaluate;
pub(crate) mod histogram;
mod nhcb;
mod order;
mod run;
mod script;
pub(crate) mod series;
mod starts;
mod variants;

pub use evaluate::How;
pub(crate) use run::push;
pub use run::{Failure, Report, run};

#[cfg(test)]
mod tests;
