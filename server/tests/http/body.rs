//! Bodies of requests: text as it stands, or one of these in the first line:
//!
//! - `@hex 00ff…`: these bytes;
//! - `@snappy …`: the rest, compressed as one snappy block;
//! - `@zeros COUNT`: that many zero bytes;
//! - `@snappy-zeros COUNT`: that many zero bytes, compressed;
//! - `@remote-write`: the lines below, in the text format, as a remote write 1.0 message;
//! - `@remote-write-openmetrics`: the same in OpenMetrics, which has exemplars; `\#` stands for `#` where a line begins.

use narthex_formats::{Protocol, remote_write, write_batch};

/// The bytes that `text` stands for.
pub(crate) fn read(text: &str) -> Result<Vec<u8>, String> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (directive, argument) = first.split_once(' ').unwrap_or((first, ""));
    match directive {
        "@hex" => hex(argument),
        "@snappy" => snappy(argument.as_bytes()),
        "@zeros" => Ok(vec![0; count(argument)?]),
        "@snappy-zeros" => snappy(&vec![0; count(argument)?]),
        "@remote-write" => remote_write(Protocol::PrometheusText0_0_4, rest),
        "@remote-write-openmetrics" => {
            let lines: Vec<_> = rest
                .lines()
                .map(|l| l.strip_prefix('\\').unwrap_or(l))
                .collect();
            remote_write(Protocol::OpenMetricsText1_0_0, &lines.join("\n"))
        }
        _ => Ok(text.as_bytes().to_vec()),
    }
}

fn remote_write(protocol: Protocol, text: &str) -> Result<Vec<u8>, String> {
    let body = format!("{text}\n");
    let batch = write_batch(protocol, body.as_bytes(), 0).map_err(|e| e.to_string())?;
    remote_write::encode(&batch).map_err(|e| e.to_string())
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("not a count: {text}"))
}

fn snappy(bytes: &[u8]) -> Result<Vec<u8>, String> {
    snap::raw::Encoder::new()
        .compress_vec(bytes)
        .map_err(|e| e.to_string())
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<_> = text
        .as_bytes()
        .chunks(2)
        .map(|d| std::str::from_utf8(d).unwrap_or(""))
        .collect();
    digits
        .iter()
        .map(|d| u8::from_str_radix(d, 16).map_err(|_| format!("not hex: {d}")))
        .collect()
}
