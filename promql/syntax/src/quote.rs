//! Texts in quotes, read and written the way Go does: PromQL takes its escapes from there.

use std::fmt::{self, Write};

/// `text` in double quotes, with escapes where a character cannot be printed.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            write_char(f, c, '"')?;
        }
        f.write_char('"')
    }
}

/// `c` in single quotes, escaped likewise.
pub(crate) struct QuotedChar(pub(crate) char);

impl fmt::Display for QuotedChar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        write_char(f, self.0, '\'')?;
        f.write_char('\'')
    }
}

/// Bytes that need not be UTF-8 in double quotes: what is not becomes `\xff`.
pub(crate) fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        let quoted = Quoted(chunk.valid()).to_string();
        out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

fn write_char(f: &mut fmt::Formatter<'_>, c: char, quote: char) -> fmt::Result {
    let name = match c {
        '\x07' => 'a',
        '\x08' => 'b',
        '\x0c' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\x0b' => 'v',
        _ if c == quote || c == '\\' => c,
        _ if is_printable(c) => return f.write_char(c),
        '\0'..'\u{80}' => return write!(f, "\\x{:02x}", u32::from(c)),
        '\u{80}'..'\u{10000}' => return write!(f, "\\u{:04x}", u32::from(c)),
        _ => return write!(f, "\\U{:08x}", u32::from(c)),
    };
    f.write_char('\\')?;
    f.write_char(name)
}

fn is_printable(c: char) -> bool {
    c.is_ascii_graphic() || c == ' ' || (!c.is_ascii() && !c.escape_debug().take(2).eq(['\\', 'u']))
}

/// Where the literal at the start of `text` ends, its closing quote included. `text` begins with a quote.
///
/// # Errors
/// An unterminated literal or a bad escape.
pub(crate) fn literal_end(text: &str) -> Result<usize, String> {
    let mut chars = text.char_indices();
    let quote = chars.next().map_or('"', |(_, c)| c);
    let raw = quote == '`';
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Ok(at + 1),
            '\\' if !raw => {
                let (used, _) = escape(text.get(at + 1..).unwrap_or_default(), quote)?;
                // Escapes are ASCII: as many characters as bytes.
                chars.by_ref().take(used).for_each(drop);
            }
            '\n' if !raw => break,
            _ => {}
        }
    }
    Err(if raw {
        "unterminated raw string"
    } else {
        "unterminated quoted string"
    }
    .to_owned())
}

/// The content of a whole literal, quotes included, as [`literal_end`] found it. Escapes may make it other than UTF-8.
pub(crate) fn unquote(literal: &str) -> Vec<u8> {
    let mut chars = literal.chars();
    let (quote, _) = (chars.next().unwrap_or('"'), chars.next_back());
    let mut rest = chars.as_str();
    if quote == '`' {
        return rest.as_bytes().to_vec();
    }
    let mut out = Vec::with_capacity(rest.len());
    while let Some(at) = rest.find('\\') {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        let tail = tail.get(1..).unwrap_or_default();
        let Ok((used, unit)) = escape(tail, quote) else {
            break;
        };
        match unit {
            Unit::Byte(byte) => out.push(byte),
            Unit::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = tail.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// What an escape stands for.
enum Unit {
    Byte(u8),
    Char(char),
}

/// Reads what follows a backslash: how many bytes it takes and what it stands for.
fn escape(text: &str, quote: char) -> Result<(usize, Unit), String> {
    let Some(c) = text.chars().next() else {
        return Err("escape sequence not terminated".to_owned());
    };
    let simple = match c {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' => '\\',
        _ if c == quote => c,
        '0'..='7' => return byte_escape(text, 8, 3).map(|b| (3, Unit::Byte(b))),
        'x' => {
            return byte_escape(text.get(1..).unwrap_or_default(), 16, 2)
                .map(|b| (3, Unit::Byte(b)));
        }
        'u' => return char_escape(text, 4).map(|c| (5, Unit::Char(c))),
        'U' => return char_escape(text, 8).map(|c| (9, Unit::Char(c))),
        _ => return Err(format!("unknown escape sequence {}", named(c))),
    };
    Ok((1, Unit::Char(simple)))
}

fn byte_escape(text: &str, radix: u32, count: usize) -> Result<u8, String> {
    u8::try_from(digits(text, radix, count)?).map_err(|_| NOT_A_CODE_POINT.to_owned())
}

fn char_escape(text: &str, count: usize) -> Result<char, String> {
    let value = digits(text.get(1..).unwrap_or_default(), 16, count)?;
    char::from_u32(value).ok_or_else(|| NOT_A_CODE_POINT.to_owned())
}

const NOT_A_CODE_POINT: &str = "escape sequence is an invalid Unicode code point";

fn digits(text: &str, radix: u32, count: usize) -> Result<u32, String> {
    let mut chars = text.chars();
    (0..count).try_fold(0_u32, |value, _| {
        let c = chars.next().ok_or("escape sequence not terminated")?;
        let digit = c
            .to_digit(radix)
            .ok_or_else(|| format!("illegal character {} in escape sequence", named(c)))?;
        Ok(value.wrapping_mul(radix).wrapping_add(digit))
    })
}

fn named(c: char) -> String {
    format!("U+{:04X} {}", u32::from(c), QuotedChar(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_go_does() {
        let text = "a\"b\\c\n\t\x07\x00\x7f\u{e9}\u{a0}\u{ad}\u{1f600}\u{e0001}'";
        assert_eq!(
            Quoted(text).to_string(),
            r#""a\"b\\c\n\t\a\x00\x7fé\u00a0\u00ad😀\U000e0001'""#
        );
        assert_eq!(QuotedChar('\'').to_string(), r"'\''");
        assert_eq!(quote_bytes(b"a\xc5z"), r#""a\xc5z""#);
    }

    #[test]
    fn read_back() {
        for (literal, content) in [
            (r#""a\"b\\\n""#, &b"a\"b\\\n"[..]),
            (r"'it\'s \101\x41\u0041\U00000041'", b"it's AAAA"),
            (r"`raw\n`", br"raw\n"),
            (r#""\xff\377""#, b"\xff\xff"),
        ] {
            assert_eq!(literal_end(literal), Ok(literal.len()), "{literal}");
            assert_eq!(unquote(literal), content, "{literal}");
        }
    }

    #[test]
    fn bad_literals() {
        for (literal, message) in [
            ("\"abc", "unterminated quoted string"),
            ("\"a\nb\"", "unterminated quoted string"),
            ("`abc", "unterminated raw string"),
            (r#""\"#, "escape sequence not terminated"),
            (r#""\q""#, "unknown escape sequence U+0071 'q'"),
            (
                r#""\xzz""#,
                "illegal character U+007A 'z' in escape sequence",
            ),
            (
                r#""\uD800""#,
                "escape sequence is an invalid Unicode code point",
            ),
            (
                r#""\400""#,
                "escape sequence is an invalid Unicode code point",
            ),
        ] {
            assert_eq!(literal_end(literal), Err(message.to_owned()), "{literal}");
        }
    }
}
