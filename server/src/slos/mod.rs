//! SLOs over this store: their ledgers, kept beside the blocks.

mod books;
mod shelf;
mod store;

pub(crate) use books::{Opened, Progress, books};
pub(crate) use shelf::Shelf;
pub(crate) use store::EngineStore;
