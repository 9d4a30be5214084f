//! `/api/v1/slo/report`: what came of promises, in every form.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use narthex_model::Result;
use narthex_slo::report::{Report, csv, html, json, markdown, openmetrics, parquet};

use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use super::ask;
use crate::App;

/// A report's form: its name, media type and writer.
type Format = (&'static str, &'static str, fn(&Report) -> Result<Vec<u8>>);

const FORMATS: [Format; 6] = [
    ("html", "text/html; charset=utf-8", |r| {
        Ok(html::write(r).into_bytes())
    }),
    ("json", "application/json", |r| {
        Ok(json::write(r)?.into_bytes())
    }),
    ("csv", "text/csv; charset=utf-8", |r| {
        Ok(csv::write(r)?.into_bytes())
    }),
    ("md", "text/markdown; charset=utf-8", |r| {
        Ok(markdown::write(r).into_bytes())
    }),
    (
        "openmetrics",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        |r| Ok(openmetrics::write(r).into_bytes()),
    ),
    ("parquet", "application/vnd.apache.parquet", parquet::write),
];

/// Nothing is loaded from elsewhere, and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The report that the parameters ask for: `format`, `slo` (several times), `window`, `at`, `tz`, `periods`, `title`.
pub(crate) async fn report(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let name = params.get("format").unwrap_or("html");
    let Some((_, media_type, write)) = FORMATS.iter().find(|format| format.0 == name) else {
        let names: Vec<_> = FORMATS.iter().map(|format| format.0).collect();
        let expected = format!("expected one of {}", names.join(", "));
        return Err(ApiError::parameter("format", expected));
    };
    let ids = params.all("slo").map(str::to_owned).collect();
    let answer = app.store()?.slos.ask(ask(&params, ids)?).await?;
    let body = write(&answer.report)?;
    let headers = [
        (header::CONTENT_TYPE, *media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    Ok((headers, body).into_response())
}
