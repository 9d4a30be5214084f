//! A small store with known samples, and how golden files talk to it.

pub(crate) mod connection;
pub(crate) mod store;
