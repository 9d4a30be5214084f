//! Replacements: text with `$1`, `${1}`, `$name` and `${name}` for groups of a regular expression.

use regex::{Captures, Regex};

/// A replacement, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The group at this position of the regular expression.
    Group(usize),
    /// A group it does not have: nothing.
    Absent,
}

impl Template {
    /// Takes `text` apart for use with `regex`. `$$` is a dollar; a dollar before anything else stays as it is.
    pub(super) fn new(text: &str, regex: &Regex) -> Self {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            plain.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                plain.push('$');
                rest = after;
            } else if let Some((name, after)) = variable(after) {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(group(name, regex));
                rest = after;
            } else {
                plain.push('$');
                rest = after;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Self(parts)
    }

    /// The text with groups filled in.
    pub(super) fn expand(&self, captures: &Captures<'_>) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(at) => out.push_str(captures.get(*at).map_or("", |m| m.as_str())),
                Part::Absent => {}
            }
        }
        out
    }
}

/// Splits `text`, which follows a dollar, into a group's name and the rest.
fn variable(text: &str) -> Option<(&str, &str)> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    if let Some(braced) = text.strip_prefix('{') {
        let (name, rest) = braced.split_once('}')?;
        return (!name.is_empty() && name.chars().all(is_name)).then_some((name, rest));
    }
    // Without braces the longest name counts: `$1x` is the group `1x`.
    let (name, rest) = text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()));
    (!name.is_empty()).then_some((name, rest))
}

fn group(name: &str, regex: &Regex) -> Part {
    let position = match name.parse::<usize>() {
        Ok(number) => Some(number).filter(|n| *n < regex.captures_len()),
        Err(_) => regex.capture_names().position(|n| n == Some(name)),
    };
    position.map_or(Part::Absent, Part::Group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms() {
        let regex = Regex::new("^(a+)(?P<rest>b*)$").expect("valid");
        let captures = regex.captures("aab").expect("matches");
        let cases = [
            ("$1-$2", "aa-b"),
            ("${1}x$1x", "aax"),
            ("$rest${rest}", "bb"),
            ("$$1 $0", "$1 aab"),
            ("$9|${9}|$nope", "||"),
            ("5$ $-", "5$ $-"),
            ("${open ${}", "${open ${}"),
            ("$", "$"),
        ];
        for (template, want) in cases {
            assert_eq!(
                Template::new(template, &regex).expand(&captures),
                want,
                "{template}"
            );
        }
    }
}
