//! Every limit of the server that has no flag, in one place.

use std::time::Duration;

/// Largest remote-write body as sent, in bytes.
pub(crate) const WRITE_BODY_BYTES_MAX: usize = 32 << 20;

/// Largest remote-write message after decompression, in bytes.
pub(crate) const WRITE_DECODED_BYTES_MAX: usize = 32 << 20;

/// Largest form body of a query or a statement, in bytes.
pub(crate) const FORM_BODY_BYTES_MAX: usize = 16 << 20;

/// Stack of a thread that plans and runs queries, in bytes of address space: planning walks nested expressions.
pub(crate) const QUERY_STACK_BYTES: usize = 256 << 20;

/// Most steps of a range query, as in Prometheus.
pub(crate) const RANGE_POINTS_MAX: i64 = 11_000;

/// Most warnings, and most infos, listed in one answer.
pub(crate) const NOTES_MAX: usize = 10;

/// The folder inside the data folder where queries put what does not fit into memory; emptied at the start.
pub(crate) const SPILL_FOLDER: &str = "query-spill";

/// How long a stopping server waits for requests under way.
pub(crate) const DRAIN_TIME_MAX: Duration = Duration::from_secs(15);

/// Encoded pieces of a SQL answer that may wait for a slow reader.
pub(crate) const PIECES_IN_FLIGHT_MAX: usize = 4;

/// A piece of a streamed SQL answer is sent once it is larger, in bytes.
pub(crate) const PIECE_BYTES_MIN: usize = 64 << 10;

/// Samples that an import hands to the engine at once.
pub(crate) const IMPORT_BATCH_SAMPLES: usize = 50_000;

/// Such batches that are parsed or being written at the same time.
pub(crate) const IMPORT_BATCHES_IN_FLIGHT_MAX: usize = 4;

/// Largest answer to a remote read that is not streamed, as sent, in bytes.
pub(crate) const READ_BODY_BYTES_MAX: usize = 256 << 20;

/// Largest such answer after decompression, in bytes.
pub(crate) const READ_DECODED_BYTES_MAX: usize = 1 << 30;

/// Longest line of an export that is read, in bytes: a series with its samples of a slice.
pub(crate) const EXPORT_LINE_BYTES_MAX: usize = 256 << 20;

/// Samples that an answer to a remote read has at most.
pub(crate) const READ_SAMPLES_MAX: u64 = 5_000_000;

/// Series whose samples are read at once for such an answer.
pub(crate) const READ_SERIES_AT_ONCE: usize = 256;
