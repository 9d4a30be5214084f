//! A list of incidents that people wrote down: lines `START,END`, RFC 3339 or Unix seconds; what stands behind is theirs.

use narthex_model::{Error, Result, TimeRange};

use crate::times::parse_time;

/// Reads a list, and puts it in order of time. Empty lines, those with `#` and a header that begins with `start` are left out.
///
/// # Errors
/// `Invalid` with the place in the file of that name.
pub(crate) fn incidents(file: &str, text: &str) -> Result<Vec<TimeRange>> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with("start")
    });
    let read = lines.map(|(at, line)| {
        span(line).map_err(|wrong| Error::invalid(format!("{file}:{}: {wrong}", at + 1)))
    });
    let mut spans = read.collect::<Result<Vec<_>>>()?;
    spans.sort_by_key(|span| span.start);
    Ok(spans)
}

fn span(line: &str) -> std::result::Result<TimeRange, &'static str> {
    const EXPECTED: &str = "expected START,END with RFC 3339 times";
    let mut cells = line.split(',').map(str::trim);
    let mut time = || {
        let cell = cells.next().ok_or(EXPECTED)?;
        parse_time(cell).map_err(|_| EXPECTED)
    };
    let (start, end) = (time()?, time()?);
    match start < end {
        true => Ok(TimeRange::new(start, end)),
        false => Err("an incident ends after it begins"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_in_order() {
        let text = "start,end,what\n# last year\n\n1970-01-01T00:00:03Z, 4 ,db\n1,2.5\n";
        let spans = incidents("list", text).expect("a list");
        assert_eq!(
            spans,
            [TimeRange::new(1000, 2500), TimeRange::new(3000, 4000)]
        );
    }

    #[test]
    fn mistakes_have_their_line() {
        let said = |text| incidents("list", text).expect_err(text).to_string();
        assert_eq!(
            said("1,2\n3"),
            "list:2: expected START,END with RFC 3339 times"
        );
        assert_eq!(
            said("soon,later"),
            "list:1: expected START,END with RFC 3339 times"
        );
        assert_eq!(said("2,2"), "list:1: an incident ends after it begins");
    }
}
