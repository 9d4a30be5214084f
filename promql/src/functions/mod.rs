//! The operators of a plan: DataFusion functions over step vectors, one family per file.
//!
//! Parameters travel as literal arguments (instants of plans that are run again as `prom_shifted`), so a function is known by its name, and by whom it speaks for if it may say something.

pub(crate) mod arguments;
pub(crate) mod binary;
pub(crate) mod counted;
pub(crate) mod elementwise;
pub(crate) mod extended;
pub(crate) mod extremes;
pub(crate) mod floats;
pub(crate) mod grid;
pub(crate) mod group;
pub(crate) mod group_key;
pub(crate) mod hints;
pub(crate) mod label_sets;
pub(crate) mod labels;
pub(crate) mod limit_ratio;
pub(crate) mod meeting;
pub(crate) mod merge;
pub(crate) mod mixed_binary;
pub(crate) mod mixed_points;
pub(crate) mod mixed_range;
pub(crate) mod native;
pub(crate) mod no_label;
mod operand;
pub(crate) mod parameter;
pub(crate) mod plan_function;
pub(crate) mod points;
pub(crate) mod presence;
pub(crate) mod range;
pub(crate) mod ranked;
pub(crate) mod remarks;
pub(crate) mod repeat;
pub(crate) mod same;
pub(crate) mod scalar;
pub(crate) mod series;
pub(crate) mod shifted;
pub(crate) mod sides;
pub(crate) mod smoothing;
pub(crate) mod split;
pub(crate) mod start_times;
pub(crate) mod starts;
pub(crate) mod to_mixed;
pub(crate) mod window;

pub(crate) mod aggregate;
