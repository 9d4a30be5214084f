//! A small store with known samples, and how golden files talk to it.

pub(crate) mod connection;
mod made;
pub(crate) mod store;
