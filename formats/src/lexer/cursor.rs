//! A place in a line, and the words that are read there.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::bytes::{BLANK, DIGIT, LABEL_BYTE, METRIC_BYTE, is_in};
use crate::error::Fault;

/// A place in a line. It never moves past the end.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        Self { line, at: 0 }
    }

    /// Byte offset in the line.
    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The next byte.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    /// Whether the line is over.
    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.line.len()
    }

    /// A fault at this place.
    #[cold]
    pub(crate) fn fault(&self, expected: &'static str) -> Fault {
        Fault {
            at: self.at,
            expected,
        }
    }

    /// The text from `start` to here.
    #[inline]
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.line.get(start..self.at).unwrap_or("")
    }

    /// The text from here to the end.
    pub(crate) fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or("")
    }

    /// Passes `byte` if it comes next.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Passes `text` if it comes next.
    pub(crate) fn eat_text(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Passes blanks and tabs and says whether there were any.
    #[inline]
    pub(crate) fn skip_blanks(&mut self) -> bool {
        let start = self.at;
        self.skip(BLANK);
        self.at > start
    }

    #[inline]
    fn skip(&mut self, classes: u8) {
        let rest = self.line.as_bytes().get(self.at..).unwrap_or(&[]);
        self.at += rest
            .iter()
            .position(|&b| !is_in(b, classes))
            .unwrap_or(rest.len());
    }

    /// All up to the next blank or the end; may be empty.
    #[inline]
    pub(crate) fn word(&mut self) -> &'a str {
        let start = self.at;
        let rest = self.line.as_bytes().get(start..).unwrap_or(&[]);
        self.at += rest
            .iter()
            .position(|&b| is_in(b, BLANK))
            .unwrap_or(rest.len());
        self.since(start)
    }

    /// A metric name without quotes; empty if none stands here.
    #[inline]
    pub(crate) fn metric_name(&mut self) -> &'a str {
        self.name(METRIC_BYTE)
    }

    /// A label name without quotes; empty if none stands here.
    #[inline]
    pub(crate) fn label_name(&mut self) -> &'a str {
        self.name(LABEL_BYTE)
    }

    #[inline]
    fn name(&mut self, class: u8) -> &'a str {
        let start = self.at;
        if self.peek().is_some_and(|b| !is_in(b, DIGIT)) {
            self.skip(class);
        }
        self.since(start)
    }

    /// A text in double quotes, without them and its escapes.
    #[inline]
    pub(crate) fn quoted(&mut self) -> Result<Cow<'a, str>, Fault> {
        let open = self.at;
        if !self.eat(b'"') {
            return Err(self.fault("expected a text in double quotes"));
        }
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.line.as_bytes().get(self.at..).unwrap_or(&[]);
            let Some(found) = memchr2(b'"', b'\\', rest) else {
                return Err(Fault {
                    at: open,
                    expected: "expected a closing double quote",
                });
            };
            self.at += found;
            if rest.get(found) == Some(&b'"') {
                break;
            }
            escaped = true;
            self.at = (self.at + 2).min(self.line.len());
        }
        let text = self.since(start);
        self.at += 1;
        Ok(if escaped {
            unescape(text, true)
        } else {
            Cow::Borrowed(text)
        })
    }
}

/// Resolves `\\` and `\n`, and `\"` if `quotes`; any other backslash stands for itself, as in Prometheus.
pub(crate) fn unescape(text: &str, quotes: bool) -> Cow<'_, str> {
    let Some(mut backslash) = memchr(b'\\', text.as_bytes()) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (before, after) = rest.split_at_checked(backslash).unwrap_or((rest, ""));
        out.push_str(before);
        let (resolved, taken) = match after.as_bytes().get(1) {
            Some(b'\\') => ('\\', 2),
            Some(b'n') => ('\n', 2),
            Some(b'"') if quotes => ('"', 2),
            _ => ('\\', 1),
        };
        out.push(resolved);
        rest = after.get(taken..).unwrap_or("");
        match memchr(b'\\', rest.as_bytes()) {
            Some(next) => backslash = next,
            None => break,
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}
