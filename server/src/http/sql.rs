//! `/api/v1/sql`: a SQL statement; rows leave while they are made.
//!
//! The status is decided when the first piece of the answer is there. If something fails later, the connection is cut,
//! so that half an answer cannot be taken for a whole one. What damaged blocks the rows had to do without is said in a header, too:
//! not every form of rows has a place for it.

use std::io;
use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use futures::{StreamExt, stream};
use narthex_model::{Error, ErrorKind};
use narthex_sql::{Database, from_datafusion};
use tokio::sync::mpsc;

use super::params::Params;
use super::{ApiError, ApiResult};
use crate::App;
use crate::limits::{PIECE_BYTES_MIN, PIECES_IN_FLIGHT_MAX};
use crate::rows::{RowEncoder, RowFormat};

/// A piece of the answer, or why there is none.
type Piece = ApiResult<Bytes>;

/// Where warnings are said: a list in JSON.
const WARNINGS: HeaderName = HeaderName::from_static("x-narthex-warnings");

/// A statement to run.
struct Statement {
    text: String,
    format: RowFormat,
    /// Takes what is to be said beside the rows, before the first piece of them leaves.
    warnings: Arc<OnceLock<Vec<String>>>,
}

/// The handler.
pub(crate) async fn sql(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let format: RowFormat = match params.get("format") {
        Some(name) => name
            .parse()
            .map_err(|e: Error| ApiError::parameter("format", e))?,
        None => RowFormat::Json,
    };
    let text = params.get("query").unwrap_or("").to_owned();
    if text.trim().is_empty() {
        return Err(ApiError::parameter("query", "no statement given"));
    }
    let database = app.store()?.database.clone();
    let (pieces, mut answer) = mpsc::channel(PIECES_IN_FLIGHT_MAX);
    let warnings = Arc::new(OnceLock::new());
    let statement = Statement {
        text,
        format,
        warnings: warnings.clone(),
    };
    app.queries
        .stream(pieces, move |pieces| produce(database, statement, pieces))
        .await?;
    let first = answer
        .recv()
        .await
        .unwrap_or_else(|| Err(Error::internal("the statement gave no answer").into()))?;
    let content_type = [(header::CONTENT_TYPE, format.content_type())];
    let mut response = (content_type, body(first, answer)).into_response();
    if let Some(warnings) = warnings.get().and_then(|w| header_of(w)) {
        response.headers_mut().insert(WARNINGS, warnings);
    }
    Ok(response)
}

/// The value of [`WARNINGS`], if there are any.
fn header_of(warnings: &[String]) -> Option<HeaderValue> {
    let list = Some(warnings).filter(|w| !w.is_empty())?;
    HeaderValue::from_bytes(&serde_json::to_vec(list).ok()?).ok()
}

/// Runs the statement and sends its rows, encoded.
async fn produce(
    database: Arc<Database>,
    statement: Statement,
    pieces: mpsc::Sender<Piece>,
) -> ApiResult<()> {
    let mut rows = database
        .sql(&statement.text)
        .await
        .map_err(|e| statement_error(&e))?;
    let mut encoder = statement.format.encoder(&rows.schema())?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|e| ApiError::execution(&from_datafusion(e)))?;
        encoder.write(&batch)?;
        if encoder.pending_bytes() >= PIECE_BYTES_MIN {
            statement.warnings.get_or_init(|| rows.warnings());
            send(&mut encoder, &pieces).await;
        }
    }
    let warnings = rows.warnings();
    encoder.finish(&warnings)?;
    statement.warnings.get_or_init(|| warnings);
    send(&mut encoder, &pieces).await;
    Ok(())
}

/// Sends what is encoded. A client that went away ends the statement elsewhere.
async fn send(encoder: &mut RowEncoder, pieces: &mpsc::Sender<Piece>) {
    let _ = pieces.send(Ok(encoder.take().into())).await;
}

fn body(first: Bytes, rest: mpsc::Receiver<Piece>) -> Body {
    let rest = stream::unfold(rest, async |mut rest| {
        let piece = rest.recv().await?;
        Some((
            piece.map_err(|e| io::Error::other(e.message().to_owned())),
            rest,
        ))
    });
    // Compression asks once more after the end, hence the fuse.
    Body::from_stream(stream::once(async { Ok(first) }).chain(rest).fuse())
}

/// A statement that does not parse or plan is a bad parameter.
fn statement_error(error: &Error) -> ApiError {
    match error.kind() {
        ErrorKind::Invalid => ApiError::parameter("query", error),
        _ => ApiError::execution(error),
    }
}
