//! Nodes of a plan that DataFusion has no operator for: they need all rows of their inputs at once.

pub(crate) mod gather;
pub(crate) mod info;
