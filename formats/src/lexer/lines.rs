//! The lines of a body, counted.

use memchr::{memchr, memrchr};

use crate::error::{Fault, ParseError};

/// The lines of a body.
///
/// Bytes that are not UTF-8 end it at the line before them, so that nothing half-read is handed out.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    at: usize,
    number: u64,
    /// Byte offset, in the line after the last, of the first byte that is not UTF-8.
    not_utf8_at: Option<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        match std::str::from_utf8(body) {
            Ok(text) => Self {
                text,
                at: 0,
                number: 0,
                not_utf8_at: None,
            },
            Err(error) => Self::up_to(body, error.valid_up_to()),
        }
    }

    /// The whole lines before the byte at `bad`.
    fn up_to(body: &'a [u8], bad: usize) -> Self {
        let valid = body.get(..bad).unwrap_or(&[]);
        let end = memrchr(b'\n', valid).map_or(0, |newline| newline + 1);
        let text = valid
            .get(..end)
            .and_then(|whole| std::str::from_utf8(whole).ok())
            .unwrap_or("");
        Self {
            text,
            at: 0,
            number: 0,
            not_utf8_at: Some(bad - end),
        }
    }

    /// The next line without its line feed.
    #[inline]
    pub(crate) fn next_line(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        self.number += 1;
        let length = memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        self.at += length + 1;
        rest.get(..length)
    }

    /// The number of the last line, from 1; 0 before the first.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// What stands in the way of the next line, if this is not the end of the body.
    pub(crate) fn end_error(&self) -> Option<ParseError> {
        let at = self.not_utf8_at?;
        Some(ParseError {
            found: "other bytes".to_owned(),
            ..ParseError::new(
                self.number + 1,
                "",
                Fault {
                    at,
                    expected: "expected UTF-8",
                },
            )
        })
    }
}
