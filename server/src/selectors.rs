//! Series selectors as people write them: `up{job="a"}`.

use narthex_model::{Error, Matcher, Result};
use narthex_promql::ast::{Modifiers, Node};
use narthex_promql::{ParseOptions, parse};

/// Reads a series selector.
///
/// # Errors
/// `Invalid` if it is none, has modifiers, or would match every series.
pub(crate) fn parse_selector(text: &str) -> Result<Vec<Matcher>> {
    let expression = parse(text, &ParseOptions::default())?;
    let Node::Vector(selector) = expression.node else {
        return Err(Error::invalid("not a series selector like up{job=\"a\"}"));
    };
    if selector.modifiers != Modifiers::default() || selector.extension.is_some() {
        return Err(Error::invalid(
            "a series selector has no modifiers: leave out offset and @",
        ));
    }
    if selector.matchers.iter().all(Matcher::accepts_empty) {
        return Err(Error::invalid(
            "match[] must contain at least one non-empty matcher",
        ));
    }
    Ok(selector.matchers)
}
