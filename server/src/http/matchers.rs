//! `match[]` parameters: series selectors.

use narthex_model::Matcher;

use super::params::Params;
use super::{ApiError, ApiResult};
use crate::selectors::parse_selector;

/// The matchers of each `match[]`, in order; none if there is none.
///
/// # Errors
/// A text is no series selector, or would match every series.
pub(crate) fn selectors(params: &Params) -> ApiResult<Vec<Vec<Matcher>>> {
    let parse = |text| parse_selector(text).map_err(|e| ApiError::parameter("match[]", e));
    params.all("match[]").map(parse).collect()
}
