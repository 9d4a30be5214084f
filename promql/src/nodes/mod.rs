//! Nodes of a plan that DataFusion has no operator for: they need all rows of their inputs at once, or give theirs to several others.

pub(crate) mod gather;
pub(crate) mod info;
pub(crate) mod shared;
