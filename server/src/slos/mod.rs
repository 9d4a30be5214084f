//! SLOs over this store: their ledgers, kept beside the blocks.

mod shelf;
mod store;

pub(crate) use shelf::Shelf;
pub(crate) use store::EngineStore;
