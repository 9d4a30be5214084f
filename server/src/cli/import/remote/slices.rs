//! A long span of time in slices, one request each.

use narthex_model::{Error, Result, TimeRange};

/// More slices would be a mistake of the command line.
const SLICES_MAX: i64 = 10_000_000;

/// Cuts `range` at multiples of `length_ms`.
///
/// # Errors
/// `Invalid` if the range is empty, the length not positive, or there would be too many slices.
pub(super) fn slices(range: TimeRange, length_ms: i64) -> Result<Vec<TimeRange>> {
    if length_ms < 1 {
        return Err(Error::invalid("--slice must be longer than nothing"));
    }
    if range.is_empty() {
        return Err(Error::invalid("--start must lie before --end"));
    }
    if range.end.saturating_sub(range.start) / length_ms > SLICES_MAX {
        return Err(Error::invalid("--slice is too short for so long a time"));
    }
    let mut slices = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let border = start
            .div_euclid(length_ms)
            .saturating_add(1)
            .saturating_mul(length_ms);
        let end = border.min(range.end);
        slices.push(TimeRange::new(start, end));
        start = end;
    }
    Ok(slices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_end_at_multiples_and_hold_the_range() {
        let cut = |start, end| {
            let slices = slices(TimeRange::new(start, end), 10).expect("good");
            slices.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>()
        };
        assert_eq!(cut(-3, 25), [(-3, 0), (0, 10), (10, 20), (20, 25)]);
        assert_eq!(cut(10, 11), [(10, 11)]);
        assert!(slices(TimeRange::new(5, 5), 10).is_err());
        assert!(slices(TimeRange::new(0, 5), 0).is_err());
        assert!(slices(TimeRange::ALL, 10).is_err());
    }
}
