//! Texts made safe for HTML, JavaScript and URLs, and with capitals.

use std::fmt::Write;

use super::printf;
use super::value::Value;

/// Escapes the arguments printed one after the other.
pub(super) fn all(args: &[Value], escape: fn(&str) -> String) -> Value {
    let text = match args {
        [only] => only.printed(),
        args => printf::print(args),
    };
    Value::text(escape(&text))
}

pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => {
                out.push('\\');
                out.push(c);
            }
            '<' | '>' | '&' | '=' | '\0'..' ' => code_unit(&mut out, c),
            c if c.is_control() => code_unit(&mut out, c),
            c => out.push(c),
        }
    }
    out
}

fn code_unit(out: &mut String, c: char) {
    // Writing to a text does not fail.
    let _ = write!(out, "\\u{:04X}", u32::from(c));
}

/// As a parameter of a URL.
pub(crate) fn query_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Every word with a capital; its other letters stay as they are.
pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphabetic() && !in_word {
            out.extend(c.to_uppercase());
            in_word = true;
            continue;
        }
        out.push(c);
        // These join the letters on both sides of them.
        let joins = matches!(c, '\'' | '.' | ':' | '’' | '·');
        let goes_on = chars.peek().is_some_and(|c| c.is_alphabetic());
        in_word = in_word && (c.is_alphanumeric() || c == '_' || (joins && goes_on));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(
            html("<a b='c'>&\"\0"),
            "&lt;a b=&#39;c&#39;&gt;&amp;&#34;\u{fffd}"
        );
        assert_eq!(
            js("<é='\\\n\">"),
            "\\u003Cé\\u003D\\'\\\\\\u000A\\\"\\u003E"
        );
        assert_eq!(query_escape("a b/é~"), "a+b%2F%C3%A9~");
        assert_eq!(
            title("aa bB don't x.y 1st_go -é"),
            "Aa BB Don't X.y 1St_go -É"
        );
    }
}
