//! The grammar of Prometheus text, versions 0.0.4 and 1.0.0: the older is the newer without quoted names.
//!
//! ```text
//! # HELP requests_total All requests.
//! # TYPE requests_total counter
//! requests_total{code="200"} 1027 1395066363000
//! {"http.requests", "http.code"="200"} 17
//! ```
//!
//! Lenient where exporters are sloppy: metadata in any order and place, a trailing comma, blanks between tokens,
//! carriage returns. A line break inside a label value has to be escaped.

#[cfg(test)]
mod tests;

use narthex_model::MetricType;

use crate::error::Fault;
use crate::event::Event;
use crate::lexer::{Cursor, parse_float, parse_millis, read_series, unescape};
use crate::parser::{Line, State, metric_type, read_family};

/// Reads one line.
#[inline]
pub(crate) fn read_line<'a>(
    cursor: &mut Cursor<'a>,
    state: &mut State<'a>,
) -> Result<Option<Line<'a>>, Fault> {
    cursor.skip_blanks();
    match cursor.peek() {
        None => Ok(None),
        Some(b'#') => read_comment(cursor),
        Some(_) if is_over(cursor) => Ok(None),
        Some(_) => read_sample(cursor, state),
    }
}

/// Whether nothing follows but perhaps a carriage return.
#[inline]
fn is_over(cursor: &Cursor<'_>) -> bool {
    cursor.is_at_end() || cursor.rest() == "\r"
}

#[inline]
fn read_sample<'a>(
    cursor: &mut Cursor<'a>,
    state: &mut State<'a>,
) -> Result<Option<Line<'a>>, Fault> {
    let series = read_series(cursor, &mut state.series)?;
    cursor.skip_blanks();
    let value = read_word(cursor, parse_float, "expected a number as value")?;
    cursor.skip_blanks();
    let timestamp = if is_over(cursor) {
        None
    } else {
        Some(read_word(
            cursor,
            parse_millis,
            "expected milliseconds as timestamp",
        )?)
    };
    cursor.skip_blanks();
    if !is_over(cursor) {
        return Err(cursor.fault("expected the end of the line after the timestamp"));
    }
    Ok(Some(Line::Sample {
        series,
        value,
        timestamp,
        exemplar: None,
    }))
}

#[inline]
fn read_word<T>(
    cursor: &mut Cursor<'_>,
    parse: impl Fn(&str) -> Option<T>,
    expected: &'static str,
) -> Result<T, Fault> {
    let at = cursor.at();
    let word = cursor.word();
    parse(word.strip_suffix('\r').unwrap_or(word)).ok_or(Fault { at, expected })
}

/// Reads `# HELP` and `# TYPE`; every other comment says nothing.
fn read_comment<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Line<'a>>, Fault> {
    cursor.eat(b'#');
    if !cursor.skip_blanks() {
        return Ok(None);
    }
    let keyword = cursor.word();
    if !cursor.skip_blanks() {
        return Ok(None);
    }
    match keyword {
        "HELP" => {
            let family = read_family(cursor)?;
            let text = cursor.rest();
            let text = unescape(text.strip_suffix('\r').unwrap_or(text), false);
            Ok(Some(Line::Meta(Event::Help { family, text })))
        }
        "TYPE" => {
            let family = read_family(cursor)?;
            let metric_type = read_word(cursor, text_metric_type, "expected a metric type")?;
            cursor.skip_blanks();
            if !is_over(cursor) {
                return Err(cursor.fault("expected the end of the line after the metric type"));
            }
            Ok(Some(Line::Meta(Event::Type {
                family,
                metric_type,
            })))
        }
        _ => Ok(None),
    }
}

fn text_metric_type(word: &str) -> Option<MetricType> {
    if word == "untyped" {
        Some(MetricType::Unknown)
    } else {
        metric_type(word)
    }
}
