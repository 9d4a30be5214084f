//! Specs of other tools, and what of them could not be kept or is read otherwise.

mod common;
pub(crate) mod openslo;
pub(crate) mod pyrra;
pub(crate) mod slo_generator;
pub(crate) mod sloth;
