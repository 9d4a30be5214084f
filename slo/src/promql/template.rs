//! PromQL with `{{.window}}` in it.

use narthex_syntax::ast::{DurationExpr, Expr};
use narthex_syntax::{ParseOptions, parse};

/// What stands for the window.
pub const WINDOW: &str = "{{.window}}";

/// The duration that stands in its place while the text is read: one that nobody writes.
const MARK: &str = "86399999ms";
const MARK_MS: i64 = 86_399_999;

/// PromQL with `{{.window}}` in it, read.
#[derive(Debug, Clone)]
pub struct Template {
    /// The text, with the window written as [`WINDOW`].
    pub text: String,
    /// The tree, with another duration in place of the window.
    pub expr: Expr,
}

/// The length of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// That of the window.
    Window,
    /// As many milliseconds.
    Fixed(i64),
}

impl Template {
    /// Reads it; blanks around `.window` are allowed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = normal(text.trim())?;
        let plain = text.replace(WINDOW, MARK);
        let expr = parse(&plain, &ParseOptions::all()).map_err(|e| format!("not PromQL: {e}"))?;
        Ok(Self { text, expr })
    }

    /// Whether the window stands in it.
    pub fn has_window(&self) -> bool {
        self.text.contains(WINDOW)
    }
}

/// A query's text with the window in it.
pub(crate) fn fill(text: &str, window: &str) -> String {
    text.replace(WINDOW, window)
}

/// The text with each `{{ .window }}` written as [`WINDOW`].
fn normal(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((name, after)) = inside.split_once("}}") else {
            return Err("\"{{\" has no \"}}\"".to_owned());
        };
        if name.trim() != ".window" {
            let message = format!("{{{{{name}}}}} is not known, expected {WINDOW}");
            return Err(message);
        }
        out.push_str(before);
        out.push_str(WINDOW);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// A range that is written plainly.
pub(super) fn range(duration: &DurationExpr) -> Option<Range> {
    match duration {
        DurationExpr::Literal { ms: MARK_MS, .. } => Some(Range::Window),
        DurationExpr::Literal { ms, .. } => Some(Range::Fixed(*ms)),
        _ => None,
    }
}
