//! Where targets come from, and what becomes of them before they are scraped.
//!
//! A discovery reports [`TargetGroup`]s; [`build`] turns them into targets: special labels, relabelling, URL. To add a
//! discovery: one file here that implements [`Discovery`], its key in `ScrapeConfig`, one line in [`discoveries`].

mod build;
mod discovery;
mod file_sd;
mod glob;
mod target;
mod target_file;

pub(crate) use target::TargetKey;
pub use target::{DroppedTarget, Target};

pub(crate) use build::{Built, Recipe, build};
pub(crate) use discovery::{Groups, Report, TargetGroup, discoveries};
pub use glob::glob;
pub(crate) use glob::is_target_file;

#[cfg(test)]
mod tests;
