//! Times as Prometheus' API writes them.

use narthex_model::TimestampMs;

/// Writes a timestamp as seconds: no decimals, or three.
pub(crate) fn push_timestamp(ms: TimestampMs, out: &mut Vec<u8>) {
    if ms < 0 {
        out.push(b'-');
    }
    let magnitude = ms.unsigned_abs();
    let (seconds, rest) = (magnitude / 1000, magnitude % 1000);
    out.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
    if rest > 0 {
        let digit = |unit: u64| b'0' + (rest / unit % 10) as u8;
        out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
    }
}
