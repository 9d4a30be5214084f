//! What a query means: PromQL text becomes a DataFusion plan over any provider of series rows.
//!
//! The language itself, its tree and its text, is in `syntax/`. This crate never names the engine; its tests run on an in-memory
//! provider.

mod functions;
mod histogram;
pub mod histograms;
mod kernels;
mod mixed;
mod natural;
mod nodes;
mod notes;
mod plan;
mod result;
mod source;
mod steps;

pub use narthex_syntax::{
    DEPTH_MAX, ParseError, ParseOptions, QUERY_BYTES_MAX, ast, check_extensions, line_and_column,
    parse, pretty, signature, value_type,
};
pub use plan::{Chosen, EvalParams, Grid, Outline, QueryPlan, plan};
pub use result::{Held, InstantSample, QueryOutput, QueryValue, RangeSeries, SampleValue};
pub use source::{SelectedSeries, SeriesSource};
