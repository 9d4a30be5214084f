//! Compaction: small blocks become larger ones. What to merge is decided by a pure function, and done by another.

mod clean;
mod expire;
mod plan;
mod retire;
mod run;

pub use plan::backfill_windows;
pub(crate) use run::{Compactor, Urgency};
