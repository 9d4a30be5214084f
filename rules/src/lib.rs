//! What must be computed or said on a schedule?

pub mod file;
mod sample;
mod template;

pub use sample::{SampleValue, ShownHistogram, VectorSample};
pub use template::{AlertData, Answers, Context, Expansion, Template};
