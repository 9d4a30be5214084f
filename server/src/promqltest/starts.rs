//! Lines of start timestamps: `name{label="value"}@st -1m _ 0s-1mx2`, one item per sample of the line that follows.

use narthex_model::parse_duration;

use super::series::{self, SeriesLine};

/// How far each start lies from its sample, in milliseconds; `None` where it is not known.
pub(super) type Starts = Vec<Option<i64>>;

/// A longer line is refused.
const STARTS_MAX: usize = 1_000_000;

/// The parts of a line of start timestamps: the series, and the items. `None` if it is another line.
pub(super) fn split(line: &str) -> Option<(&str, &str)> {
    let (word, items) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    Some((word.strip_suffix("@st")?, items))
}

/// Reads a line of start timestamps, to be joined with the line of samples that follows.
pub(super) fn parse(metric: &str, items: &str) -> Result<(SeriesLine, Starts), String> {
    let series = series::parse(metric)?;
    let mut starts = Starts::new();
    for item in items.split_whitespace() {
        push_item(item, &mut starts)?;
        if starts.len() > STARTS_MAX {
            return Err(format!("more than {STARTS_MAX} start timestamps"));
        }
    }
    Ok((series, starts))
}

fn push_item(item: &str, starts: &mut Starts) -> Result<(), String> {
    let (series, repeated) = match item.split_once('x') {
        Some((series, count)) => (series, Some(series::repeat(count)?)),
        None => (item, None),
    };
    if series == "_" {
        starts.extend(std::iter::repeat_n(None, repeated.unwrap_or(1)));
        return Ok(());
    }
    let (first, rest) = signed_duration(series)?;
    let (step, rest) = match rest {
        "" => (0, ""),
        rest => signed_duration(rest.strip_prefix('+').unwrap_or(rest))?,
    };
    if !rest.is_empty() {
        return Err(format!("bad start timestamp {item:?}"));
    }
    let mut start = first;
    for _ in 0..=repeated.unwrap_or(0) {
        starts.push(Some(start));
        start += step;
    }
    Ok(())
}

/// A duration with an optional sign, and what follows it.
fn signed_duration(text: &str) -> Result<(i64, &str), String> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text.find(['+', '-']).unwrap_or(text.len());
    let (duration, rest) = text.split_at(end);
    let ms = parse_duration(duration).map_err(|e| format!("{duration:?}: {e}"))?;
    Ok((sign * ms, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items() {
        let line = "m{a=\"b\"}@st  -1m _ 0s-1mx2 _x2 +1ms 1s+2sx1 0";
        let (metric, items) = split(line).expect("a line of starts");
        let (series, starts) = parse(metric, items).expect("read");
        assert!(series.slots.is_empty());
        let minute = 60_000;
        let expected = [
            Some(-minute),
            None,
            Some(0),
            Some(-minute),
            Some(-2 * minute),
            None,
            None,
            Some(1),
            Some(1_000),
            Some(3_000),
            Some(0),
        ];
        assert_eq!(starts, expected);
        assert!(split("m 1 2").is_none());
        assert!(parse("m", "1z").is_err() && parse("m", "1sx").is_err());
    }
}
