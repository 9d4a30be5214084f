//! `/api/v1/query_range`: a PromQL expression at each instant of a grid.

use std::sync::Arc;

use axum::extract::State;
use narthex_sql::{Grid, Times};

use super::asked::Asked;
use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::limits::RANGE_POINTS_MAX;

/// The handler.
pub(crate) async fn query_range(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let grid = grid(&params)?;
    let asked = Asked::from_params(&params)?;
    asked.answer(&app, Times::Range(grid)).await
}

fn grid(params: &Params) -> ApiResult<Grid> {
    let start = params.required_time("start")?;
    let end = params.required_time("end")?;
    if end < start {
        return Err(ApiError::parameter(
            "end",
            "end timestamp must not be before start time",
        ));
    }
    let step = params.required_duration("step")?;
    if step <= 0 {
        let reason = "zero or negative query resolution step widths are not accepted. Try a positive integer";
        return Err(ApiError::parameter("step", reason));
    }
    if end.saturating_sub(start) / step > RANGE_POINTS_MAX {
        return Err(ApiError::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    Ok(Grid { start, end, step })
}
