//! What quoted texts and numbers in a template stand for.

use narthex_syntax::{ParseOptions, Quoted, ast::Node, parse};

use super::node::Number;

/// The content of a literal in double or back quotes; `None` if an escape is wrong. PromQL took its literals from Go.
pub(super) fn text(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('`') {
        // Go leaves out carriage returns.
        return Some(raw.strip_suffix('`')?.replace('\r', ""));
    }
    match parse(literal, &ParseOptions::default()).ok()?.node {
        Node::String(text) => Some(text),
        _ => None,
    }
}

/// Reads a number, or a character in single quotes.
///
/// # Errors
/// What is wrong, as Go words it.
pub(super) fn number(literal: &str) -> Result<Number, String> {
    let bad = || format!("illegal number syntax: {}", Quoted(literal));
    let text = literal.to_owned();
    if literal.starts_with('\'') {
        let int = character(literal).ok_or(format!("malformed character constant: {literal}"))?;
        return Ok(Number {
            text,
            int: Some(int),
            float: Some(int as f64),
        });
    }
    let int = integer(literal);
    let float = match int {
        Some(int) => Some(int as f64),
        None => float(literal),
    };
    let looks_whole = !literal.contains(['.', 'e', 'E', 'p', 'P']);
    if int.is_none() && float.is_some() && looks_whole {
        return Err(format!("integer overflow: {}", Quoted(literal)));
    }
    // A whole number may be written with an exponent.
    let whole = float.filter(|f| f.fract() == 0.0 && f.abs() < 9e15);
    let int = int.or(whole.map(|f| f as i64));
    if int.is_none() && float.is_none() {
        return Err(bad());
    }
    Ok(Number { text, int, float })
}

fn character(literal: &str) -> Option<i64> {
    let inside = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let inside = match inside {
        "\"" => "\\\"",
        "\\'" => "'",
        "\\\"" => return None,
        inside => inside,
    };
    let text = text(&format!("\"{inside}\""))?;
    let mut chars = text.chars();
    let first = chars.next()?;
    chars
        .next()
        .is_none()
        .then_some(i64::from(u32::from(first)))
}

fn integer(literal: &str) -> Option<i64> {
    let (negative, digits) = match literal.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, literal.strip_prefix('+').unwrap_or(literal)),
    };
    let digits = digits.replace('_', "").to_ascii_lowercase();
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some(_) if digits.starts_with('0') => (8, digits.get(1..)?),
        _ => (10, digits.as_str()),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if negative { -value } else { value }).ok()
}

fn float(literal: &str) -> Option<f64> {
    let plain = literal.replace('_', "");
    let is_decimal = plain
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    plain
        .parse()
        .ok()
        .filter(|f: &f64| is_decimal && f.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (literal, int, float) in [
            ("12", Some(12), Some(12.0)),
            ("-0x1F", Some(-31), Some(-31.0)),
            ("017", Some(15), Some(15.0)),
            ("0b11", Some(3), Some(3.0)),
            ("1_000", Some(1000), Some(1000.0)),
            ("1.5", None, Some(1.5)),
            ("1e3", Some(1000), Some(1000.0)),
            ("'a'", Some(97), Some(97.0)),
            ("'\\n'", Some(10), Some(10.0)),
            ("'\\''", Some(39), Some(39.0)),
        ] {
            let number = number(literal).expect(literal);
            assert_eq!((number.int, number.float), (int, float), "{literal}");
        }
        for literal in ["089", "1e", "'ab'", "''", "0x", "+-1", "1.2.3"] {
            assert!(number(literal).is_err(), "{literal}");
        }
    }
}
