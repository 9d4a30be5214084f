//! Compaction: small blocks become larger ones. What to merge is decided by a pure function, and done by another.

mod plan;
mod run;

pub(crate) use run::Compactor;
