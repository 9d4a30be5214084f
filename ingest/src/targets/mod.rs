//! What becomes of discovered addresses before they are scraped: special labels, relabelling, URL.

pub(crate) mod address;
mod build;
mod target;

pub(crate) use build::{Built, Recipe, build};
pub(crate) use target::TargetKey;
pub use target::{DroppedTarget, Target};

#[cfg(test)]
mod tests;
