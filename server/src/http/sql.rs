//! `/api/v1/sql`: a SQL statement; rows leave while they are made.
//!
//! The status is decided when the first piece of the answer is there. If something fails later, the connection is cut,
//! so that half an answer cannot be taken for a whole one.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
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

/// The handler.
pub(crate) async fn sql(State(app): State<Arc<App>>, params: Params) -> ApiResult {
    let format: RowFormat = match params.get("format") {
        Some(name) => name
            .parse()
            .map_err(|e: Error| ApiError::parameter("format", e))?,
        None => RowFormat::Json,
    };
    let statement = params.get("query").unwrap_or("").to_owned();
    if statement.trim().is_empty() {
        return Err(ApiError::parameter("query", "no statement given"));
    }
    let database = app.store()?.database.clone();
    let (pieces, mut answer) = mpsc::channel(PIECES_IN_FLIGHT_MAX);
    app.queries
        .stream(pieces, move |pieces| {
            produce(database, statement, format, pieces)
        })
        .await?;
    let first = answer
        .recv()
        .await
        .unwrap_or_else(|| Err(Error::internal("the statement gave no answer").into()))?;
    Ok((
        [(header::CONTENT_TYPE, format.content_type())],
        body(first, answer),
    )
        .into_response())
}

/// Runs the statement and sends its rows, encoded.
async fn produce(
    database: Arc<Database>,
    statement: String,
    format: RowFormat,
    pieces: mpsc::Sender<Piece>,
) -> ApiResult<()> {
    let mut rows = database
        .sql(&statement)
        .await
        .map_err(|e| statement_error(&e))?;
    let mut encoder = format.encoder(&rows.schema())?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|e| ApiError::execution(&from_datafusion(e)))?;
        encoder.write(&batch)?;
        if encoder.pending_bytes() >= PIECE_BYTES_MIN {
            send(&mut encoder, &pieces).await;
        }
    }
    encoder.finish()?;
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
    // Compression asks once more after the end.
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
