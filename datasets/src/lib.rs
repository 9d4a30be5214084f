//! Which data do tests and benchmarks share? Seeded generators, and the senders that carry their samples.
//!
//! A data set is a function of its options: the same options give the same labels, timestamps and values on every machine.
//! It is not for reading data back, except to [`check`] that a server kept what it acknowledged.

pub mod check;
pub mod fleet;
pub mod openmetrics;
pub mod send;

pub use fleet::{Fleet, FleetOptions, Host, HostKind, SERIES_PER_HOST};
