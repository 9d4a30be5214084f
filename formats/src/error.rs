//! Where and why an exposition body cannot be read.

use narthex_model::Error;

/// How much of the offending text an error shows, in characters.
const EXCERPT_CHARS_MAX: usize = 40;

/// A place in an exposition body that breaks the format. Displays as
/// `line 3, column 9: expected a number as value, found "abc"`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}, found {found}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: u64,
    /// The byte in that line, from 1.
    pub column: usize,
    /// What was expected.
    pub message: String,
    /// What stands there instead, quoted and shortened.
    pub found: String,
}

impl ParseError {
    #[cold]
    pub(crate) fn new(line_number: u64, line: &str, fault: Fault) -> Self {
        let rest = line.get(fault.at..).unwrap_or("");
        Self {
            line: line_number,
            column: fault.at + 1,
            message: fault.expected.to_owned(),
            found: excerpt(rest),
        }
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::invalid(error.to_string())
    }
}

/// The beginning of `text`, quoted.
fn excerpt(text: &str) -> String {
    if text.is_empty() {
        return "the end of the line".to_owned();
    }
    match text.char_indices().nth(EXCERPT_CHARS_MAX) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or("")),
        None => format!("{text:?}"),
    }
}

/// A [`ParseError`] in the making: the readers of one line know neither its number nor its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Byte offset in the line.
    pub(crate) at: usize,
    /// `expected ...`.
    pub(crate) expected: &'static str,
}
