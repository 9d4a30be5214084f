//! Series lines: `name{label="value"} 1 2+3x4 _ stale`.

use narthex_model::{Labels, METRIC_NAME, parse_float, stale_nan};

use super::histogram::{self, Literal};
use super::starts::Starts;

/// A line may not stand for more values.
const VALUES_MAX: usize = 1_000_000;

/// A series and its values, one per step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeriesLine {
    pub(super) labels: Labels,
    pub(super) slots: Vec<Slot>,
    /// One per slot, or none at all.
    pub(super) starts: Starts,
}

/// The value of one step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Slot {
    /// None.
    Omitted,
    /// A float, or the stale marker.
    Float(f64),
    /// A native histogram.
    Histogram(Box<Literal>),
}

/// Reads a series line.
pub(crate) fn parse(line: &str) -> Result<SeriesLine, String> {
    let mut reader = Reader { rest: line };
    let labels = reader.metric()?;
    let slots = values(reader.rest)?;
    Ok(SeriesLine {
        labels,
        slots,
        starts: Starts::new(),
    })
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn take(&mut self, expected: char) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> String {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    fn metric(&mut self) -> Result<Labels, String> {
        let mut labels = Vec::new();
        let name = self.word();
        if !name.is_empty() {
            labels.push((METRIC_NAME.to_owned(), name));
        }
        self.skip_blanks();
        if !self.rest.starts_with("{{") && self.take('{') {
            self.braces(&mut labels)?;
        }
        Labels::new(labels.iter().map(|(n, v)| (n.as_str(), v.as_str()))).map_err(|e| e.to_string())
    }

    fn braces(&mut self, labels: &mut Vec<(String, String)>) -> Result<(), String> {
        loop {
            self.skip_blanks();
            if self.take('}') {
                return Ok(());
            }
            let quoted = self.rest.starts_with(['"', '\'', '`']);
            let name = if quoted { self.quoted()? } else { self.word() };
            self.skip_blanks();
            if self.take('=') {
                self.skip_blanks();
                let value = self.quoted()?;
                labels.push((name, value));
            } else if quoted {
                labels.push((METRIC_NAME.to_owned(), name));
            } else {
                return Err(format!("expected a label matcher at {:?}", self.rest));
            }
            self.skip_blanks();
            if !self.take(',') && !self.rest.starts_with('}') {
                return Err(format!("expected \",\" or \"}}\" at {:?}", self.rest));
            }
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\'' | '`'));
        let quote = quote.ok_or_else(|| format!("expected a quoted text at {:?}", self.rest))?;
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.rest = &self.rest[at + c.len_utf8()..];
                return Ok(out);
            }
            if c == '\\' && quote != '`' {
                let (_, escaped) = chars.next().ok_or("unfinished escape")?;
                out.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
            } else {
                out.push(c);
            }
        }
        Err("unterminated text".to_owned())
    }
}

fn values(text: &str) -> Result<Vec<Slot>, String> {
    let mut slots = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = match rest.strip_prefix("{{") {
            Some(_) => histogram_end(rest)?,
            None => rest.find([' ', '\t']).unwrap_or(rest.len()),
        };
        let (item, tail) = rest.split_at(end);
        push_item(item, &mut slots)?;
        if slots.len() > VALUES_MAX {
            return Err(format!("more than {VALUES_MAX} values"));
        }
        rest = tail.trim_start();
    }
    Ok(slots)
}

/// The end of an item that begins with a histogram, with what follows `}}` up to a blank.
fn histogram_end(text: &str) -> Result<usize, String> {
    let mut end = text.find("}}").ok_or("unterminated histogram")? + 2;
    while let Some(sign) = text
        .get(end..)
        .filter(|t| t.starts_with("+{{") || t.starts_with("-{{"))
    {
        end += sign.find("}}").ok_or("unterminated histogram")? + 2;
    }
    Ok(end
        + text
            .get(end..)
            .and_then(|t| t.find([' ', '\t']))
            .unwrap_or(text.len() - end))
}

fn push_item(item: &str, slots: &mut Vec<Slot>) -> Result<(), String> {
    if item.starts_with("{{") {
        let literals = push_histograms(item)?;
        slots.extend(literals.into_iter().map(|l| Slot::Histogram(Box::new(l))));
        return Ok(());
    }
    if let Some(count) = item.strip_prefix('_') {
        let count = count.strip_prefix('x').map_or(Ok(1), repeat)?;
        slots.extend(std::iter::repeat_n(Slot::Omitted, count));
        return Ok(());
    }
    if let Some(count) = item.strip_prefix("stale") {
        let count = count.strip_prefix('x').map_or(Ok(0), repeat)?;
        slots.extend(std::iter::repeat_n(Slot::Float(stale_nan()), count + 1));
        return Ok(());
    }
    let (series, count) = match item.rsplit_once('x') {
        Some((series, count)) => (series, repeat(count)?),
        None => (item, 0),
    };
    let (start, delta) = start_and_delta(series, item.contains('x'))?;
    let mut v = start;
    for i in 0..=count {
        if i > 0 {
            v += delta;
        }
        slots.push(Slot::Float(v));
    }
    Ok(())
}

/// `{{a}}`, `{{a}}xN`, `{{a}}+{{b}}xN` or `{{a}}-{{b}}xN`.
fn push_histograms(item: &str) -> Result<Vec<Literal>, String> {
    let (series, count) = match item.rsplit_once("}}x") {
        Some((_, count)) => (&item[..item.len() - count.len() - 1], repeat(count)?),
        None => (item, 0),
    };
    let end = series.find("}}").ok_or("unterminated histogram")? + 2;
    let (first, rest) = series.split_at(end);
    let first = histogram::parse(first)?;
    if let Some(delta) = rest.strip_prefix('+') {
        return histogram::series(&first, &histogram::parse(delta)?, false, count);
    }
    if let Some(delta) = rest.strip_prefix('-') {
        return histogram::series(&first, &histogram::parse(delta)?, true, count);
    }
    Ok(vec![first; count + 1])
}

pub(super) fn repeat(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| *n <= VALUES_MAX)
        .ok_or_else(|| format!("bad repetition \"{text}\""))
}

/// `a+b`, `a-b` or `a`; the sign of an exponent belongs to the number.
fn start_and_delta(text: &str, repeated: bool) -> Result<(f64, f64), String> {
    let bytes = text.as_bytes();
    let sign = (1..bytes.len())
        .find(|i| matches!(bytes[*i], b'+' | b'-') && !matches!(bytes[i - 1], b'e' | b'E'));
    match sign.filter(|_| repeated) {
        Some(at) => Ok((number(&text[..at])?, number(&text[at..])?)),
        None => Ok((number(text)?, 0.0)),
    }
}

fn number(text: &str) -> Result<f64, String> {
    parse_float(&text.replace('_', "")).ok_or_else(|| format!("\"{text}\" is no value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items() {
        let line = parse(
            r#"m{a="b", "c.d"='e'} 1 2+3x2 _ _x2 4x1 stale -1-1x1 NaN 1e-3 {{schema:0 sum:1}}x1"#,
        )
        .expect("valid");
        assert_eq!(line.labels.to_string(), r#"m{a="b", c.d="e"}"#);
        let floats: Vec<_> = line
            .slots
            .iter()
            .map(|s| match s {
                Slot::Float(v) => v.to_string(),
                Slot::Histogram(literal) => format!("sum {}", literal.histogram.sum),
                Slot::Omitted => "_".to_owned(),
            })
            .collect();
        assert_eq!(
            floats.join(" "),
            "1 2 5 8 _ _ _ 4 4 NaN -1 -2 NaN 0.001 sum 1 sum 1"
        );
        assert_eq!(parse("{} 1").expect("valid").labels, Labels::empty());
        assert_eq!(
            parse(r#"{"my metric"} 1"#)
                .expect("valid")
                .labels
                .to_string(),
            r#"my metric"#
        );
        assert!(
            parse("m 1y").is_err()
                && parse("m{a=1} 1").is_err()
                && parse("m 1x99999999999").is_err()
        );
    }
}
