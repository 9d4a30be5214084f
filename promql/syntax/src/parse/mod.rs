//! Reads PromQL: text becomes a checked syntax tree, or the first mistake with its place.

mod aggregate;
mod call;
mod cursor;
mod duration;
mod error;
mod expr;
mod lexer;
mod matching;
mod number;
mod options;
mod postfix;
mod selector;
mod token;

#[cfg(test)]
mod tests;

pub use error::{ParseError, line_and_column};
pub use options::ParseOptions;

pub(crate) use error::{Mistake, Parsed};
pub(crate) use token::{is_bare_metric_name, is_label_word};

use crate::ast::{Expr, Span};
use crate::check;
use cursor::Cursor;

/// The longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 256 << 10;

/// The deepest syntax tree: parentheses, calls, signs and operators inside each other, the terms of a chain such as
/// `a + b + c` counted too. Whoever walks a tree by recursion may rely on it.
pub const DEPTH_MAX: usize = 250;

/// Reads a query.
///
/// # Errors
/// The first mistake: of syntax, or else of types and argument counts.
///
/// ```
/// use narthex_syntax::{ParseOptions, parse};
///
/// let expr = parse("sum by (job) (rate(http_requests_total[5m]))", &ParseOptions::default()).unwrap();
/// assert_eq!(expr.to_string(), "sum by (job) (rate(http_requests_total[5m]))");
/// let error = parse("sum(rate(x))", &ParseOptions::default()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"1:10: parse error: expected type range vector in call to function "rate", got instant vector"#,
/// );
/// ```
pub fn parse(text: &str, options: &ParseOptions) -> Result<Expr, ParseError> {
    read(text, options).map_err(|mistake| mistake.locate(text))
}

fn read(text: &str, options: &ParseOptions) -> Parsed<Expr> {
    if text.len() > QUERY_BYTES_MAX {
        let message = format!(
            "query is too long: {} bytes, at most {QUERY_BYTES_MAX}",
            text.len()
        );
        return Err(Mistake::new(Span::default(), message));
    }
    let mut expr = Cursor::new(text, options).query()?;
    check::check(&mut expr)?;
    Ok(expr)
}
