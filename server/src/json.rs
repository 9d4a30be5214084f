//! JSON written by hand into a byte buffer: an answer may hold millions of samples, so nothing is allocated per sample.

mod histogram;
mod result;
mod stats;
#[cfg(test)]
mod tests;
mod time;
mod tree;

pub(crate) use result::push_value;
pub(crate) use stats::{StatsDetail, push_stats};
pub(crate) use time::push_timestamp;
pub(crate) use tree::tree;

use std::collections::BTreeMap;

use narthex_model::{Labels, LabelsRef};

/// Writes `text` as a JSON string.
pub(crate) fn push_string(text: &str, out: &mut Vec<u8>) {
    push_text(text.as_bytes(), out);
}

/// As [`push_string`], the text as bytes.
fn push_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    // Without a branch per byte first: most texts need nothing.
    if !text.iter().fold(false, |any, b| any | needs_escape(*b)) {
        out.extend_from_slice(text);
        return out.push(b'"');
    }
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&b| needs_escape(b)) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((&byte, tail)) = tail.split_first() {
            push_escaped(byte, out);
            rest = tail;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_escaped(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
    }
}

/// Writes `texts` as an array of strings.
pub(crate) fn push_strings<'a>(texts: impl IntoIterator<Item = &'a str>, out: &mut Vec<u8>) {
    push_list(b"[]", texts, out, push_string);
}

/// Labels as `serde_json` makes an object of them, for answers that are small.
pub(crate) fn by_name(labels: &Labels) -> BTreeMap<&str, &str> {
    labels.iter().collect()
}

/// Writes a label set as an object.
pub(crate) fn push_labels(labels: LabelsRef<'_>, out: &mut Vec<u8>) {
    push_list(b"{}", labels.texts(), out, |(name, value), out| {
        push_text(name, out);
        out.push(b':');
        push_text(value, out);
    });
}

/// Writes `items` one after the other with commas between them, inside the two `brackets`.
pub(crate) fn push_list<T>(
    brackets: &[u8; 2],
    items: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    mut push: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(brackets[0]);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push(item, out);
    }
    out.push(brackets[1]);
}
