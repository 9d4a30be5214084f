//! Remote write 1.0: a protobuf message of series and samples, compressed as one snappy block.
//!
//! ```text
//! WriteRequest  1 timeseries*   3 metadata*
//! TimeSeries    1 label*   2 sample*   3 exemplar*   4 histogram*
//! Label         1 name   2 value
//! Sample        1 value (double)   2 timestamp (int64, ms)
//! Exemplar      1 label*   2 value (double)   3 timestamp (int64, ms)
//! Metadata      1 type   2 family   4 help   5 unit
//! ```
//!
//! Both directions are written by hand: a message goes into the columns of a batch, and out of them, without a
//! structure in between. The tests hold them against a generated codec.

mod decode;
mod encode;
mod histogram;
mod message;
mod packed;
mod series;
#[cfg(test)]
mod tests;
pub(crate) mod wire;
#[cfg(test)]
mod witness;

pub(crate) use decode::decompress;
pub use decode::{Decoded, Limits, decode, decode_message};
pub use encode::{Encoder, encode};
