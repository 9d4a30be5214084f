//! `/api/v1/status/…`: configuration, flags, and numbers about the process and the store.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use narthex_engine::block::BlockMeta;
use serde_json::{Value, json};

use super::ApiResult;
use super::answer::answer_value;
use crate::App;
use crate::retention::shown;
use crate::times::format_time;

/// The configuration in force, as text.
pub(crate) async fn config(State(app): State<Arc<App>>) -> Response {
    answer_value(&json!({ "yaml": app.config.text() }))
}

/// Flags and how they are set.
pub(crate) async fn flags(State(app): State<Arc<App>>) -> Response {
    answer_value(&json!(app.settings.shown))
}

/// The process.
pub(crate) async fn runtimeinfo(State(app): State<Arc<App>>) -> Response {
    answer_value(&json!({
        "startTime": format_time(app.started),
        "reloadConfigSuccess": app.config.last_reload_ok(),
        "lastConfigTime": format_time(app.config.loaded_at()),
        "corruptionCount": app.store().map_or(0, |s| s.engine.stats().damaged_blocks),
        "storageRetention": app.store().map_or(String::new(), |s| shown(&s.engine.retention())),
    }))
}

/// The store.
pub(crate) async fn tsdb(State(app): State<Arc<App>>) -> ApiResult {
    let stats = app.store()?.engine.stats();
    let (min_time, max_time) = stats.head_time.unwrap_or((0, 0));
    Ok(answer_value(&json!({
        "headStats": {
            "numSeries": stats.head_series,
            "numSamples": stats.head_samples,
            "minTime": min_time,
            "maxTime": max_time,
        },
        "blockStats": {
            "numBlocks": stats.blocks,
            "numSamples": stats.block_samples,
            "bytes": stats.block_bytes,
        },
    })))
}

/// The blocks.
pub(crate) async fn blocks(State(app): State<Arc<App>>) -> ApiResult {
    let blocks = app.store()?.engine.blocks();
    let blocks: Vec<_> = blocks.iter().map(|(_, meta)| block_json(meta)).collect();
    Ok(answer_value(&json!({ "blocks": blocks })))
}

/// A block as Prometheus describes its own; `maxTime` is excluded there.
pub(crate) fn block_json(meta: &BlockMeta) -> Value {
    let parents: Vec<_> = meta
        .source
        .parents
        .iter()
        .map(|p| json!({ "ulid": p }))
        .collect();
    json!({
        "ulid": meta.ulid.to_string(),
        "minTime": meta.min_time,
        "maxTime": meta.max_time.saturating_add(1),
        "stats": {
            "numSamples": meta.samples,
            "numSeries": meta.series,
            "numBytes": meta.files.values().map(|f| f.bytes).sum::<u64>(),
        },
        "compaction": {
            "level": meta.source.level,
            "sources": [meta.ulid.to_string()],
            "parents": parents,
        },
        "version": meta.version,
    })
}
