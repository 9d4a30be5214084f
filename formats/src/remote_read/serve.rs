//! The other side of a remote read: what is asked of us, and our answer of samples.

use narthex_model::{Error, MatchOp, Matcher, TimeRange, WriteBatch};

use super::response::malformed;
use crate::remote_write::wire::{Malformed, Message, Value, push_varint};
use crate::remote_write::{self, Encoder, Limits};

/// Series that all matchers accept, and their samples in a range.
#[derive(Debug, Clone)]
pub struct OwnedQuery {
    /// All must accept.
    pub matchers: Vec<Matcher>,
    /// When.
    pub range: TimeRange,
}

/// Decodes the body of a request. The kinds of answers it accepts are passed by: samples are always among them.
///
/// # Errors
/// `Limit` if it is larger than `limits` allow, `Invalid` if it is damaged or has a matcher that is none.
pub fn decode_request(body: &[u8], limits: &Limits) -> Result<Vec<OwnedQuery>, Error> {
    let message = remote_write::decompress(body, limits)?;
    let mut message = Message::new(&message);
    let mut queries = Vec::new();
    while let Some(field) = message.field().map_err(malformed)? {
        if let (1, Value::Bytes(query)) = field {
            queries.push(read_query(query)?);
        }
    }
    Ok(queries)
}

fn read_query(mut message: Message<'_>) -> Result<OwnedQuery, Error> {
    let (mut start, mut end, mut matchers) = (0, 0, Vec::new());
    while let Some(field) = message.field().map_err(malformed)? {
        match field {
            (1, Value::Varint(t)) => start = t as i64,
            (2, Value::Varint(t)) => end = t as i64,
            (3, Value::Bytes(matcher)) => matchers.push(read_matcher(matcher)?),
            _ => {}
        }
    }
    let range = TimeRange::inclusive(start, end);
    Ok(OwnedQuery { matchers, range })
}

fn read_matcher(message: Message<'_>) -> Result<Matcher, Error> {
    let (code, name, value) = matcher_fields(message).map_err(malformed)?;
    let op = match code {
        0 => MatchOp::Equal,
        1 => MatchOp::NotEqual,
        2 => MatchOp::Regex,
        3 => MatchOp::NotRegex,
        _ => {
            return Err(Error::invalid(format!(
                "a matcher has the unknown type {code}"
            )));
        }
    };
    Matcher::new(name, op, value)
}

fn matcher_fields(mut message: Message<'_>) -> Result<(u64, &str, &str), Malformed> {
    let (mut code, mut name, mut value) = (0, "", "");
    let text = |text: Message<'_>| text.malformed("a text is not UTF-8");
    while let Some(field) = message.field()? {
        match field {
            (1, Value::Varint(number)) => code = number,
            (2, Value::Bytes(bytes)) => {
                name = std::str::from_utf8(bytes.bytes()).map_err(|_| text(bytes))?;
            }
            (3, Value::Bytes(bytes)) => {
                value = std::str::from_utf8(bytes.bytes()).map_err(|_| text(bytes))?;
            }
            _ => {}
        }
    }
    Ok((code, name, value))
}

/// Encodes the body of an answer of samples: a result for each query, whose series and samples are those of a batch, in its
/// order.
///
/// # Errors
/// `Limit` if it is larger than a snappy block can be.
pub fn encode_response(results: &[WriteBatch]) -> Result<Vec<u8>, Error> {
    let (mut encoder, mut message) = (Encoder::new(), Vec::new());
    for batch in results {
        // A result is a list of series, and so is a remote write request.
        let result = encoder.encode_message(batch);
        message.push(1 << 3 | 2);
        push_varint(&mut message, result.len() as u64);
        message.extend_from_slice(result);
    }
    let too_large = |e| Error::limit("the answer is too large: ask for less").with_source(e);
    snap::raw::Encoder::new()
        .compress_vec(&message)
        .map_err(too_large)
}
