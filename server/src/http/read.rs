//! `/api/v1/read`: remote read. Answers are samples, never streamed chunks, which a client must accept as well.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::IntoResponse;
use narthex_engine::Snapshot;
use narthex_formats::remote_read::{OwnedQuery, decode_request, encode_response};
use narthex_formats::remote_write::Limits;
use narthex_model::{Error, Result, WriteBatch};

use super::ApiResult;
use super::params::read_body;
use crate::App;
use crate::limits::{FORM_BODY_BYTES_MAX, READ_SAMPLES_MAX, READ_SERIES_AT_ONCE};

/// The handler.
pub(crate) async fn read(State(app): State<Arc<App>>, request: Request) -> ApiResult {
    let body = read_body(request.into_body(), FORM_BODY_BYTES_MAX, &app).await?;
    let limits = Limits {
        decoded_bytes_max: FORM_BODY_BYTES_MAX,
    };
    let queries = decode_request(&body, &limits)?;
    let snapshot = app.store()?.engine.snapshot();
    let body = app.queries.run(None, async move {
        let mut results = Vec::new();
        let mut left = READ_SAMPLES_MAX;
        for query in &queries {
            results.push(answer(&snapshot, query, &mut left)?);
        }
        Ok(encode_response(&results)?)
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-protobuf"),
        (header::CONTENT_ENCODING, "snappy"),
    ];
    Ok((headers, body.await?).into_response())
}

/// The samples of a query; `left` says how many the answer has room for.
fn answer(snapshot: &Snapshot, query: &OwnedQuery, left: &mut u64) -> Result<WriteBatch> {
    let selection = snapshot.select(&query.matchers, query.range)?;
    *left = left.checked_sub(selection.samples_max()).ok_or_else(|| {
        Error::limit(format!(
            "more than {READ_SAMPLES_MAX} samples are asked for at once: ask for less time or fewer series"
        ))
    })?;
    let mut batch = WriteBatch::new();
    let mut from = 0;
    while from < selection.len() {
        let to = selection.len().min(from + READ_SERIES_AT_ONCE);
        let columns = selection.read(from..to)?;
        let mut samples = columns.timestamps.iter().zip(&columns.values);
        for (at, offsets) in (from..to).zip(columns.offsets.windows(2)) {
            let count = match offsets {
                [start, end] => end.saturating_sub(*start).max(0) as usize,
                _ => 0,
            };
            if count > 0 {
                let series = batch.push_packed_series(selection.series(at).labels);
                for (t, value) in samples.by_ref().take(count) {
                    batch.push_sample(series, *t, *value);
                }
            }
        }
        from = to;
    }
    Ok(batch)
}
