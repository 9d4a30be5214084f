//! The text of an answer, whose memory counts as the query's until the client has taken it.

use axum::body::Bytes;
use narthex_model::Result;
use narthex_promql::{Held, QueryValue};

/// A point in memory: a time and a value.
const POINT_BYTES: usize = 16;
/// A point as text: the same, and what is around them.
const POINT_TEXT_BYTES: usize = 36;
/// A bucket of a histogram as text.
const BUCKET_TEXT_BYTES: usize = 64;

struct HeldBody {
    body: Vec<u8>,
    _memory: Held,
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// Counts the text that `value` becomes, besides the value.
///
/// # Errors
/// `Limit` if there is not the memory for it.
pub(super) fn reserve(memory: &Held, value: &QueryValue) -> Result<()> {
    let text = value.bytes(POINT_TEXT_BYTES, BUCKET_TEXT_BYTES);
    memory.resize(text.saturating_add(value.bytes(POINT_BYTES, POINT_BYTES)))
}

/// The text alone, once the value is gone.
///
/// # Errors
/// `Limit` if it is longer than was thought and there is not the memory for it.
pub(super) fn hold(mut body: Vec<u8>, memory: Held) -> Result<Bytes> {
    body.shrink_to_fit();
    memory.resize(body.capacity())?;
    Ok(Bytes::from_owner(HeldBody {
        body,
        _memory: memory,
    }))
}
