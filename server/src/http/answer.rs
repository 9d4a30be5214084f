//! Prometheus' envelope around an answer: `status`, `data`, then `warnings` and `infos` if there are any.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::json::{push_string, push_strings};
use crate::limits::NOTES_MAX;

/// Things said beside the data.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Things that are probably wrong.
    pub(crate) warnings: Vec<String>,
    /// Things worth knowing.
    pub(crate) infos: Vec<String>,
}

/// The success envelope around what `push_data` writes.
pub(crate) fn success(notes: &Notes, push_data: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = b"{\"status\":\"success\",\"data\":".to_vec();
    push_data(&mut body);
    push_notes("warning", &notes.warnings, &mut body);
    push_notes("info", &notes.infos, &mut body);
    body.push(b'}');
    body
}

/// An answer without notes whose data is `push_data`'s.
pub(crate) fn answer(push_data: impl FnOnce(&mut Vec<u8>)) -> Response {
    json(success(&Notes::default(), push_data))
}

/// An answer whose data is made once per request and small: plain `serde`.
pub(crate) fn answer_value(data: &serde_json::Value) -> Response {
    answer(|out| out.extend_from_slice(data.to_string().as_bytes()))
}

/// A finished JSON body.
pub(crate) fn json(body: impl Into<Body>) -> Response {
    let body = body.into();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Writes at most [`NOTES_MAX`] notes and says how many were left out.
fn push_notes(kind: &str, notes: &[String], out: &mut Vec<u8>) {
    if notes.is_empty() {
        return;
    }
    let shown = notes.iter().take(NOTES_MAX).map(String::as_str);
    let rest = (notes.len() > NOTES_MAX).then(|| {
        format!(
            "{} more {kind} annotations omitted",
            notes.len() - NOTES_MAX
        )
    });
    out.push(b',');
    push_string(&format!("{kind}s"), out);
    out.push(b':');
    push_strings(shown.chain(rest.as_deref()), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded() {
        let notes = Notes {
            warnings: (0..12).map(|i| i.to_string()).collect(),
            infos: Vec::new(),
        };
        let body =
            String::from_utf8(success(&notes, |out| out.extend_from_slice(b"1"))).expect("UTF-8");
        assert!(
            body.starts_with("{\"status\":\"success\",\"data\":1,\"warnings\":[\"0\","),
            "{body}"
        );
        assert!(
            body.ends_with("\"9\",\"2 more warning annotations omitted\"]}"),
            "{body}"
        );
    }
}
