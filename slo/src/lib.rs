//! Did we keep our promises? Service level objectives, computed exactly from the samples that are stored.
//!
//! - [`spec`]: what is promised, whatever format it was written in.
//! - [`load`], [`parse()`], [`native`]: specs from files, ours and those of Sloth, Pyrra, OpenSLO and slo-generator.
//! - [`count`]: from raw samples to slices; [`fill`]: from what is stored, by way of a [`store`].
//! - [`ledger`]: where slices are kept, and sums over any window; [`keep`]: how they are kept up to date.
//! - [`time`]: which time a window is, and which of it does not count.
//! - [`budget`]: from slices to what came of a promise.
//! - [`burn`], [`backtest`]: when somebody is told of it, and would have been.
//! - [`outcome`]: what came of it, for a window of time.
//! - [`diff`]: what a change of specs changes.
//! - [`report`]: what is told of it, to people and to programs.
//!
//! The object between the two is the *ledger*: good and total events of each slice of time, a minute long as a rule. Any window is a
//! difference of its prefix sums. What changes the meaning of a slice makes a new *generation* of it; targets, windows, exclusions and
//! policies are applied when it is read, so that an edit never throws history away.
//!
//! ```
//! use narthex_slo::spec::{Rolling, Window};
//!
//! assert_eq!(Window::Rolling(Rolling { ms: 30 * 86_400_000 }).to_string(), "30d");
//! ```

pub mod backtest;
pub mod budget;
pub mod burn;
pub mod convert;
pub mod count;
pub mod diff;
pub mod fill;
pub mod generation;
mod import;
pub mod keep;
pub mod ledger;
pub mod lint;
mod load;
mod lost;
pub mod native;
pub mod outcome;
pub mod policies;
pub mod promql;
pub mod report;
pub mod rules;
pub mod spec;
pub mod store;
#[cfg(test)]
mod testing;
pub mod time;
mod yaml;

pub use load::{Options, Placed, Specs, Text, load, parse, spec_files};
pub use lost::Lost;
