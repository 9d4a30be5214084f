//! What does this text say? PromQL as a typed syntax tree: read, checked, printed, laid out.
//!
//! Builds without DataFusion; nothing here knows what a tree means.

pub mod ast;
mod check;
pub mod fuzz;
mod head;
mod operators;
mod parse;
mod pretty;
mod print;
mod quote;
pub mod signature;
mod walk;

pub use check::{check_extensions, value_type};
pub use head::{head, operands};
pub use parse::{DEPTH_MAX, ParseError, ParseOptions, QUERY_BYTES_MAX, line_and_column, parse};
pub use pretty::pretty;
pub use print::label_word;
pub use quote::Quoted;
