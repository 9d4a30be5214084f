//! The HTTP API: routes here, one file per endpoint below.

mod admin;
mod answer;
mod asked;
mod buildinfo;
mod error;
mod exemplars;
mod held;
mod instrument;
mod labels;
mod language;
mod matchers;
mod metadata;
mod page;
mod params;
mod query;
mod query_range;
mod read;
mod rules;
mod self_metrics;
mod series;
mod slos;
mod sql;
mod status;
mod targets;
mod tsdb_admin;
mod write;

pub(crate) use asked::{Shown, encode as encode_answer};
pub(crate) use error::{ApiError, ApiResult};
pub(crate) use status::block_json;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::App;

/// All routes over `app`.
pub(crate) fn router(app: Arc<App>) -> Router {
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest);
    Router::new()
        .route("/", get(page::page))
        .route("/metrics", get(self_metrics::metrics))
        .route("/-/healthy", get(admin::healthy))
        .route("/-/ready", get(admin::ready))
        .route("/-/reload", post(admin::reload).put(admin::reload))
        .nest("/api/v1", api())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(
            app.clone(),
            instrument::instrument,
        ))
        .layer(compression)
        .with_state(app)
}

fn api() -> Router<Arc<App>> {
    Router::new()
        .route("/query", read(query::query))
        .route("/query_range", read(query_range::query_range))
        .route("/format_query", read(language::format_query))
        .route("/parse_query", read(language::parse_query))
        .route("/query_exemplars", read(exemplars::query_exemplars))
        .route("/labels", read(labels::names))
        .route("/label/{name}/values", get(labels::values))
        .route("/series", read(series::series))
        .route("/metadata", get(metadata::metadata))
        .route("/targets", get(targets::targets))
        .route("/rules", get(rules::rules))
        .route("/alerts", get(rules::alerts))
        .route("/alertmanagers", get(rules::alertmanagers))
        .merge(slos::routes())
        .route("/sql", read(sql::sql))
        .route("/read", post(read::read))
        .route("/write", post(write::write))
        .route("/admin/tsdb/snapshot", change(tsdb_admin::snapshot))
        .route(
            "/admin/tsdb/delete_series",
            change(tsdb_admin::delete_series),
        )
        .route(
            "/admin/tsdb/clean_tombstones",
            change(tsdb_admin::clean_tombstones),
        )
        .route("/status/buildinfo", get(buildinfo::buildinfo))
        .route("/status/config", get(status::config))
        .route("/status/flags", get(status::flags))
        .route("/status/runtimeinfo", get(status::runtimeinfo))
        .route("/status/tsdb", get(status::tsdb))
        .route("/status/tsdb/blocks", get(status::blocks))
}

/// GET, and POST with a form.
fn read<H, T>(handler: H) -> MethodRouter<Arc<App>>
where
    H: axum::handler::Handler<T, Arc<App>> + Clone,
    T: 'static,
{
    get(handler.clone()).post(handler)
}

/// POST and PUT, as Prometheus has it for what changes something.
fn change<H, T>(handler: H) -> MethodRouter<Arc<App>>
where
    H: axum::handler::Handler<T, Arc<App>> + Clone,
    T: 'static,
{
    post(handler.clone()).put(handler)
}

/// Grafana recognises servers by this very text.
async fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        "404 page not found\n",
    )
        .into_response()
}

async fn method_not_allowed() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (
        StatusCode::METHOD_NOT_ALLOWED,
        headers,
        "Method Not Allowed\n",
    )
        .into_response()
}
