//! Counts and times every request, by route.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::App;

/// The middleware around all routes.
pub(crate) async fn instrument(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let handler = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let method = request.method().clone();
    let start = Instant::now();
    let response = next.run(request).await;
    let elapsed = start.elapsed();
    app.metrics
        .request_done(&handler, response.status().as_u16(), elapsed);
    tracing::debug!(%method, handler, status = response.status().as_u16(), elapsed = ?elapsed, "request");
    response
}
