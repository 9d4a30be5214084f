//! How bytes from the network become the nouns of [`narthex_model`], and back.
//!
//! Nothing here opens a socket or a file, reads a clock or starts a thread, and no input makes it panic.
//!
//! | bytes | read by | written by |
//! |---|---|---|
//! | Prometheus text 0.0.4 and 1.0.0, OpenMetrics 1.0 | [`ExpositionParser`], [`BatchReader`] | [`ExpositionWriter`] |
//! | remote write 1.0 | [`remote_write::decode`] | [`remote_write::encode`] |
//! | remote read | [`remote_read::read_frame`], [`remote_read::read_samples`] | [`remote_read::encode_request`] |
//! | JSON lines of `/api/v1/export` | [`read_export_line`] | – |
//! | files of Prometheus' TSDB | [`tsdb`] | – |
//! | `Content-Type` and `Accept` headers | [`parser_for`], [`negotiate`] | [`accept_header`], [`Protocol::content_type`] |
//!
//! A scraper asks [`parser_for`] what the answer is, then takes [`Event`]s from an [`ExpositionParser`]; an importer
//! takes whole batches from a [`BatchReader`].

mod bucket_bound;
mod content_type;
mod error;
mod event;
mod export;
mod exposition;
pub mod fuzz;
mod lexer;
mod openmetrics;
mod parser;
mod protocol;
pub mod remote_read;
pub mod remote_write;
mod text;
pub mod tsdb;
mod write_batch;

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod testing;

pub use content_type::{accept_header, negotiate, parser_for};
pub use error::ParseError;
pub use event::{Event, ExemplarEvent, LabelScratch, LabelText, SampleEvent, SampleValue};
pub use export::read_export_line;
pub use exposition::{ExpositionWriter, batch_text};
pub use parser::ExpositionParser;
pub use protocol::Protocol;
pub use write_batch::{BatchReader, write_batch};
