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
    let expression =
        parse(text, &ParseOptions::default()).map_err(|e| ApiError::parameter("match[]", e))?;
    let Node::Vector(selector) = expression.node else {
        return Err(ApiError::parameter(
            "match[]",
            "not a series selector like up{job=\"a\"}",
        ));
    };
    if selector.modifiers != Modifiers::default() || selector.extension.is_some() {
        return Err(ApiError::parameter(
            "match[]",
            "a series selector has no modifiers: leave out offset and @",
        ));
    }
    if selector.matchers.iter().all(Matcher::accepts_empty) {
        return Err(ApiError::parameter(
            "match[]",
            "match[] must contain at least one non-empty matcher",
        ));
    }
    Ok(selector.matchers)
}
