//! Remote read: a request for series by matchers and time, and both kinds of answers to it.
//!
//! ```text
//! ReadRequest    1 query*   2 accepted response type* (0 samples, 1 streamed chunks)
//! Query          1 start (int64, ms)   2 end (int64, ms, included)   3 matcher*
//! LabelMatcher   1 type (0 =, 1 !=, 2 =~, 3 !~)   2 name   3 value
//! ReadResponse   1 result*                       one snappy block
//! QueryResult    1 time series*                  as in remote write
//! ```
//!
//! A streamed answer is a sequence of frames, each with its length as varint, the CRC-32C of the message (4 bytes, big endian)
//! and the message, which is not compressed:
//!
//! ```text
//! ChunkedReadResponse   1 series*   2 query
//! ChunkedSeries         1 label*   2 chunk*
//! Chunk                 1 min time   2 max time   3 type (1 XOR, 2 histogram, 3 float histogram)   4 data
//! ```
//!
//! The data of a chunk is what [`crate::tsdb`] reads.

mod frames;
mod request;
mod response;
mod serve;
#[cfg(test)]
mod tests;

pub use frames::Frames;
pub use request::{Query, encode_request};
pub use response::{read_frame, read_samples};
pub use serve::{OwnedQuery, decode_request, encode_response};

/// What the `Content-Type` of a streamed answer begins with.
pub const STREAMED_CONTENT_TYPE: &str = "application/x-streamed-protobuf";
