//! `/api/v1/read`: remote read. Answers are samples, never streamed chunks, which a client must accept as well.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::IntoResponse;
use narthex_engine::{HistogramColumns, Selection, Snapshot};
use narthex_formats::remote_read::{OwnedQuery, decode_request, encode_response};
use narthex_formats::remote_write::Limits;
use narthex_model::{Error, HistogramSample, Result, WriteBatch};

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
    let histograms = (0..selection.len()).map(|at| selection.histograms_max(at));
    let samples_max = selection.samples_max() + histograms.sum::<u64>();
    *left = left.checked_sub(samples_max).ok_or_else(|| {
        Error::limit(format!(
            "more than {READ_SAMPLES_MAX} samples are asked for at once: ask for less time or fewer series"
        ))
    })?;
    let mut batch = WriteBatch::new();
    let mut from = 0;
    while from < selection.len() {
        let to = selection.len().min(from + READ_SERIES_AT_ONCE);
        push_series(&selection, from..to, &mut batch)?;
        from = to;
    }
    Ok(batch)
}

/// Adds the series at `positions`, each with its floats and its histograms.
fn push_series(
    selection: &Selection,
    positions: Range<usize>,
    batch: &mut WriteBatch,
) -> Result<()> {
    let floats = selection.read(positions.clone())?;
    let histograms = match selection.has_histograms() {
        true => selection.read_histograms(positions.clone())?,
        false => HistogramColumns::default(),
    };
    for (at, position) in positions.enumerate() {
        let histogram_rows = rows(&histograms.offsets, at);
        if floats.rows(at).is_empty() && histogram_rows.is_empty() {
            continue;
        }
        let series = batch.push_packed_series(selection.series(position).labels);
        for (t, value) in floats.samples(at) {
            batch.push_sample(series, t, value);
        }
        let samples = histogram_rows.filter_map(|row| histograms.samples.get(row));
        let samples = samples.map(|(timestamp, _, histogram)| HistogramSample {
            series,
            timestamp,
            histogram: histogram.to_owned(),
            start_timestamp: None,
        });
        batch.histograms.extend(samples);
    }
    Ok(())
}

/// Where the samples of the series at a position lie.
fn rows(offsets: &[i32], at: usize) -> Range<usize> {
    match offsets.get(at..).unwrap_or(&[]) {
        [start, end, ..] => (*start).max(0) as usize..(*end).max(0) as usize,
        _ => 0..0,
    }
}
