//! Why a text is not a query, and where.

use std::fmt;

use crate::ast::Span;

/// The first mistake of a query. `Display` writes it as Prometheus does: `1:5: parse error: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, without the position.
    pub message: String,
    /// Which piece of the text is wrong.
    pub span: Span,
    /// Line and column of its start, both counted from 1, the column in bytes; `None` if the text is empty.
    pub position: Option<(usize, usize)>,
    /// Whether Prometheus finds it only when the query runs: its message then names no place.
    pub late: bool,
}

/// A mistake before its line and column are known.
pub(crate) struct Mistake {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) late: bool,
}

/// A result whose error is a [`Mistake`].
pub(crate) type Parsed<T> = Result<T, Box<Mistake>>;

impl Mistake {
    #[cold]
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            span,
            message: message.into(),
            late: false,
        })
    }

    /// A mistake that Prometheus finds only when the query runs.
    #[cold]
    pub(crate) fn late(span: Span, message: impl Into<String>) -> Box<Self> {
        let mistake = Self::new(span, message);
        Box::new(Self {
            late: true,
            ..*mistake
        })
    }

    /// The same with its place in `text`.
    pub(crate) fn locate(self, text: &str) -> ParseError {
        let position = (!text.is_empty()).then(|| line_and_column(text, self.span.start));
        ParseError {
            message: self.message,
            span: self.span,
            position,
            late: self.late,
        }
    }
}

/// The line and column of the byte `offset` in `text`, both counted from 1, the column in bytes.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let line_start = before
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |at| at + 1);
    (line, before.len() - line_start + 1)
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            _ if self.late => f.write_str(&self.message),
            Some((line, column)) => write!(f, "{line}:{column}: parse error: {}", self.message),
            None => write!(f, "unknown position: parse error: {}", self.message),
        }
    }
}

impl std::error::Error for ParseError {}

impl From<ParseError> for narthex_model::Error {
    fn from(error: ParseError) -> Self {
        Self::invalid(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        let text = "a +\n  é\n";
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, 3), (1, 4));
        assert_eq!(line_and_column(text, 6), (2, 3));
        assert_eq!(line_and_column(text, text.len()), (3, 1));
        assert_eq!(line_and_column(text, 99), (3, 1));
    }
}
