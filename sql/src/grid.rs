//! The instants at which a range query is evaluated.

use narthex_model::{Error, Result, TimestampMs};

/// A range query with more instants is refused.
const STEPS_MAX: u64 = 1_000_000;

/// The instants of a range query: `start`, `start + step`, … up to `end` (included). Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// First instant.
    pub start: TimestampMs,
    /// No instant is later.
    pub end: TimestampMs,
    /// Distance, at least 1.
    pub step: i64,
}

impl Grid {
    /// The grid, if it can be evaluated.
    ///
    /// # Errors
    /// `Invalid` if the step is not positive or the end is before the start, `Limit` if there are too many instants.
    pub fn checked(self) -> Result<Self> {
        if self.step < 1 {
            return Err(Error::invalid(
                "zero or negative query resolution step widths are not accepted",
            ));
        }
        if self.end < self.start {
            return Err(Error::invalid(
                "end timestamp must not be before start time",
            ));
        }
        if self.end.abs_diff(self.start) / self.step.unsigned_abs() >= STEPS_MAX {
            let message = format!(
                "the query has more than {STEPS_MAX} steps: use a longer step or a shorter range"
            );
            return Err(Error::limit(message));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use narthex_model::ErrorKind;

    #[test]
    fn what_can_be_evaluated() {
        let check = |start, end, step| Grid { start, end, step }.checked().err().map(|e| e.kind());
        assert_eq!((check(0, 10, 5), check(7, 7, 1)), (None, None));
        assert_eq!(
            (check(0, 1, 0), check(1, 0, 1)),
            (Some(ErrorKind::Invalid), Some(ErrorKind::Invalid))
        );
        assert_eq!(check(i64::MIN, i64::MAX, 1), Some(ErrorKind::Limit));
    }
}
