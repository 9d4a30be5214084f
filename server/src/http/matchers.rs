//! `match[]` parameters: series selectors.

use narthex_model::Matcher;
use narthex_promql::ast::{Modifiers, Node};
use narthex_promql::{ParseOptions, parse};

use super::params::Params;
use super::{ApiError, ApiResult};

/// The matchers of each `match[]`, in order; none if there is none.
///
/// # Errors
/// A text is no series selector, or would match every series.
pub(crate) fn selectors(params: &Params) -> ApiResult<Vec<Vec<Matcher>>> {
    params.all("match[]").map(selector).collect()
}

fn selector(text: &str) -> ApiResult<Vec<Matcher>> {
    parse_selector(text).map_err(|what| ApiError::parameter("match[]", what))
}

/// The matchers of a series selector.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn parse_selector(text: &str) -> Result<Vec<Matcher>, String> {
    let expression = parse(text, &ParseOptions::default()).map_err(|e| e.to_string())?;
    let Node::Vector(selector) = expression.node else {
        return Err("not a series selector like up{job=\"a\"}".to_owned());
    };
    if selector.modifiers != Modifiers::default() || selector.extension.is_some() {
        return Err("a series selector has no modifiers: leave out offset and @".to_owned());
    }
    if selector.matchers.iter().all(Matcher::accepts_empty) {
        return Err("match[] must contain at least one non-empty matcher".to_owned());
    }
    Ok(selector.matchers)
}
