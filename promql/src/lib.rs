//! What a query means: PromQL text becomes a DataFusion plan over any provider of series rows.
//!
//! This crate never names the engine; its tests run on an in-memory provider.

pub mod ast;
mod check;
mod functions;
#[allow(
    dead_code,
    unused_imports,
    reason = "functions come to use it one by one"
)]
mod histogram;
pub mod histograms;
mod kernels;
mod mixed;
mod natural;
mod nodes;
mod notes;
mod operators;
mod parse;
mod plan;
mod pretty;
mod print;
mod quote;
mod result;
pub mod signature;
mod source;
mod steps;
mod walk;

pub use check::{check_extensions, value_type};
pub use parse::{DEPTH_MAX, ParseError, ParseOptions, QUERY_BYTES_MAX, line_and_column, parse};
pub use plan::{EvalParams, Grid, QueryPlan, plan};
pub use pretty::pretty;
pub use result::{InstantSample, QueryOutput, QueryValue, RangeSeries, SampleValue};
pub use source::{SelectedSeries, SeriesSource};
