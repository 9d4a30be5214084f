//! The hot paths, each made ready on seeded data: `rates` says how fast they are, the test `allocations` what they allocate.

pub(crate) mod data;
pub(crate) mod exposition;
pub(crate) mod manual_clock;
pub(crate) mod remote_write;
pub(crate) mod scrape;
pub(crate) mod stored;
pub(crate) mod target;
