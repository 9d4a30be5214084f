//! A remote write body as a write batch.

use narthex_model::{Error, WriteBatch};
use snap::raw::{Decoder, decompress_len};

use super::message::read_request;

/// A snappy block cannot hold more than this many bytes per compressed byte (64 per copy of 3 bytes).
const SNAPPY_RATIO_MAX: usize = 22;

/// How much one request may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the message after decompression.
    pub decoded_bytes_max: usize,
}

impl Default for Limits {
    /// 32 MiB, as in Prometheus.
    fn default() -> Self {
        Self {
            decoded_bytes_max: 32 << 20,
        }
    }
}

/// A decoded request.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// What is to be written.
    pub batch: WriteBatch,
    /// Series left out, with their samples: a label name that is empty or stands twice, a text that is not UTF-8, or
    /// no metric name. Prometheus leaves them out as well and says nothing.
    pub skipped_series: u64,
}

/// Decodes the body of a remote write 1.0 request.
///
/// # Errors
/// `Limit` if the message is larger than `limits` allow, which is known before memory is taken; `Invalid` if the
/// snappy block or the message is damaged, or if a native histogram contradicts itself.
pub fn decode(body: &[u8], limits: &Limits) -> Result<Decoded, Error> {
    decode_message(&decompress(body, limits)?)
}

/// Decodes a message that is not compressed.
///
/// # Errors
/// `Invalid` if the message is damaged, or if a native histogram contradicts itself.
pub fn decode_message(message: &[u8]) -> Result<Decoded, Error> {
    let mut decoded = Decoded::default();
    read_request(message, &mut decoded)?;
    Ok(decoded)
}

/// The message that a snappy block holds.
///
/// # Errors
/// As [`decode`].
pub(crate) fn decompress(body: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    let damaged = |error| Error::invalid("the body is no snappy block").with_source(error);
    let length = decompress_len(body).map_err(damaged)?;
    if length > limits.decoded_bytes_max {
        return Err(Error::limit(format!(
            "the message has {length} bytes after decompression, the limit is {}; send smaller batches",
            limits.decoded_bytes_max
        )));
    }
    if length > body.len().saturating_mul(SNAPPY_RATIO_MAX) {
        return Err(Error::invalid(format!(
            "the snappy block of {} bytes declares {length}, more than it can hold",
            body.len()
        )));
    }
    Decoder::new().decompress_vec(body).map_err(damaged)
}
