//! What is asked for.

use narthex_model::{Error, MatchOp, Matcher, TimeRange};

use crate::remote_write::wire::push_varint;

/// Series that all matchers accept, and their samples in a range.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    /// All must accept.
    pub matchers: &'a [Matcher],
    /// When.
    pub range: TimeRange,
}

/// Encodes the body of a request that takes both kinds of answers, streamed ones rather.
///
/// # Errors
/// `Limit` if the matchers are too long for a request.
pub fn encode_request(queries: &[Query<'_>]) -> Result<Vec<u8>, Error> {
    let mut message = Vec::new();
    for query in queries {
        push_message(&mut message, 1, &encode_query(query));
    }
    // Repeated, packed: streamed chunks, then samples.
    push_message(&mut message, 2, &[1, 0]);
    let too_long = |e| Error::limit("the matchers are too long for a request").with_source(e);
    snap::raw::Encoder::new()
        .compress_vec(&message)
        .map_err(too_long)
}

fn encode_query(query: &Query<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    push_number(&mut out, 1, query.range.start as u64);
    // The end is included there.
    push_number(&mut out, 2, query.range.end.saturating_sub(1) as u64);
    for matcher in query.matchers {
        let mut part = Vec::new();
        let code = match matcher.op() {
            MatchOp::Equal => 0,
            MatchOp::NotEqual => 1,
            MatchOp::Regex => 2,
            MatchOp::NotRegex => 3,
        };
        push_number(&mut part, 1, code);
        push_message(&mut part, 2, matcher.name().as_bytes());
        push_message(&mut part, 3, matcher.value().as_bytes());
        push_message(&mut out, 3, &part);
    }
    out
}

fn push_number(out: &mut Vec<u8>, field: u8, value: u64) {
    out.push(field << 3);
    push_varint(out, value);
}

fn push_message(out: &mut Vec<u8>, field: u8, content: &[u8]) {
    out.push(field << 3 | 2);
    push_varint(out, content.len() as u64);
    out.extend_from_slice(content);
}
