//! The grammar of OpenMetrics 1.0, also used for 0.0.1.
//!
//! ```text
//! # TYPE request_seconds histogram
//! # UNIT request_seconds seconds
//! request_seconds_bucket{le="0.1"} 8 1520879607.789 # {trace_id="4bf92f"} 0.043 1520879607.2
//! # EOF
//! ```
//!
//! The end mark is required and nothing may follow it; empty lines and comments are errors. As in Prometheus, the
//! order of lines and families, suffixes, and values that a type forbids are not checked, an exemplar may stand at any
//! sample, and `_created` is a sample like any other.

#[cfg(test)]
mod tests;

use narthex_model::TimestampMs;

use crate::error::Fault;
use crate::event::Event;
use crate::lexer::{Cursor, parse_float, parse_seconds, read_labels, read_series, unescape};
use crate::parser::{Line, State, metric_type, read_family};

/// Reads one line.
#[inline]
pub(crate) fn read_line<'a>(
    cursor: &mut Cursor<'a>,
    state: &mut State<'a>,
) -> Result<Option<Line<'a>>, Fault> {
    if state.eof {
        return Err(cursor.fault("expected nothing after \"# EOF\""));
    }
    match cursor.peek() {
        Some(b'#') => read_metadata(cursor, state),
        Some(_) => read_sample(cursor, state),
        None => Err(cursor.fault("expected a sample or metadata")),
    }
}

#[inline]
fn read_sample<'a>(
    cursor: &mut Cursor<'a>,
    state: &mut State<'a>,
) -> Result<Option<Line<'a>>, Fault> {
    let series = read_series(cursor, &mut state.series)?;
    cursor.skip_blanks();
    let value = read_float(cursor, "expected a number as value")?;
    cursor.skip_blanks();
    let timestamp = match cursor.peek() {
        None | Some(b'#') => None,
        Some(_) => Some(read_timestamp(cursor)?),
    };
    cursor.skip_blanks();
    let exemplar = if cursor.is_at_end() {
        None
    } else {
        Some(read_exemplar(cursor, state)?)
    };
    Ok(Some(Line::Sample {
        series,
        value,
        timestamp,
        exemplar,
    }))
}

/// Reads `# {trace_id="x"} 0.5 123.4`.
fn read_exemplar<'a>(
    cursor: &mut Cursor<'a>,
    state: &mut State<'a>,
) -> Result<(f64, Option<TimestampMs>), Fault> {
    if !cursor.eat_text("# {") {
        return Err(cursor.fault("expected an exemplar or the end of the line"));
    }
    state.exemplar_labels.clear();
    read_labels(cursor, &mut state.exemplar_labels, None)?;
    cursor.skip_blanks();
    let value = read_float(cursor, "expected a number as value of the exemplar")?;
    cursor.skip_blanks();
    let timestamp = if cursor.is_at_end() {
        None
    } else {
        Some(read_timestamp(cursor)?)
    };
    cursor.skip_blanks();
    if !cursor.is_at_end() {
        return Err(cursor.fault("expected the end of the line after the exemplar"));
    }
    Ok((value, timestamp))
}

#[inline]
fn read_float(cursor: &mut Cursor<'_>, expected: &'static str) -> Result<f64, Fault> {
    let at = cursor.at();
    parse_float(cursor.word()).ok_or(Fault { at, expected })
}

#[inline]
fn read_timestamp(cursor: &mut Cursor<'_>) -> Result<TimestampMs, Fault> {
    let at = cursor.at();
    parse_seconds(cursor.word()).ok_or(Fault {
        at,
        expected: "expected seconds as timestamp",
    })
}

fn read_metadata<'a>(
    cursor: &mut Cursor<'a>,
    state: &mut State<'a>,
) -> Result<Option<Line<'a>>, Fault> {
    if cursor.rest() == "# EOF" {
        state.eof = true;
        return Ok(Some(Line::Meta(Event::Eof)));
    }
    let start = cursor.at();
    let event = if cursor.eat_text("# TYPE ") {
        read_type(cursor)?
    } else if cursor.eat_text("# HELP ") {
        let family = read_family(cursor)?;
        Event::Help {
            family,
            text: unescape(cursor.rest(), true),
        }
    } else if cursor.eat_text("# UNIT ") {
        read_unit(cursor)?
    } else {
        return Err(Fault {
            at: start,
            expected: "expected # TYPE, # HELP, # UNIT or # EOF",
        });
    };
    Ok(Some(Line::Meta(event)))
}

fn read_type<'a>(cursor: &mut Cursor<'a>) -> Result<Event<'a>, Fault> {
    let family = read_family(cursor)?;
    match metric_type(cursor.rest()) {
        Some(metric_type) => Ok(Event::Type {
            family,
            metric_type,
        }),
        None => Err(cursor.fault("expected a metric type")),
    }
}

/// The unit has to be the last word of the family's name.
fn read_unit<'a>(cursor: &mut Cursor<'a>) -> Result<Event<'a>, Fault> {
    let family = read_family(cursor)?;
    let unit = cursor.rest();
    let is_suffix = family
        .strip_suffix(unit)
        .is_some_and(|stem| stem.ends_with('_'));
    if !unit.is_empty() && !is_suffix {
        return Err(cursor.fault("expected a unit that ends the metric name"));
    }
    Ok(Event::Unit { family, unit })
}
