//! The arguments of the table function `promql`: constants of several SQL types that say a text, a time or a duration.

use std::fmt::Display;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use narthex_model::{Error, Result, TimestampMs, parse_duration};

use crate::Grid;
use crate::promql::Times;

const USAGE: &str = "promql takes (query), (query, time) or (query, start, end, step)";

/// What a call asks for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) query: String,
    pub(crate) times: Times,
}

impl Arguments {
    /// Reads the arguments of a call at `now_ms`.
    ///
    /// # Errors
    /// `Invalid`: wrong number, not a constant, or not what the place wants.
    pub(crate) fn read(args: &[Expr], now_ms: TimestampMs) -> Result<Self> {
        let constants = args.iter().map(constant).collect::<Result<Vec<_>>>()?;
        let (query, times) = match constants[..] {
            [query] => (query, Times::Instant(now_ms)),
            [query, time] => (query, Times::Instant(self::time("time", time)?)),
            [query, start, end, step] => {
                let (start, end) = (time("start", start)?, time("end", end)?);
                (
                    query,
                    Times::Range(
                        Grid {
                            start,
                            end,
                            step: duration(step)?,
                        }
                        .checked()?,
                    ),
                )
            }
            _ => return Err(Error::invalid(USAGE)),
        };
        let Some(query) = query.try_as_str().flatten() else {
            return Err(Error::invalid(
                "the first argument of promql is the query, a text in single quotes",
            ));
        };
        Ok(Self {
            query: query.to_owned(),
            times,
        })
    }
}

fn constant(arg: &Expr) -> Result<&ScalarValue> {
    match arg {
        Expr::Literal(value, _) => Ok(value),
        Expr::Column(column) => {
            let name = &column.name;
            let message = format!(
                "the arguments of promql are constants, but {name} is a name; texts stand in single quotes"
            );
            Err(Error::invalid(message))
        }
        other => Err(Error::invalid(format!(
            "the arguments of promql are constants, but {other} is not"
        ))),
    }
}

/// A time: a timestamp, a date, seconds since the epoch, or either of these as text.
fn time(place: &str, value: &ScalarValue) -> Result<TimestampMs> {
    let wrong = || {
        Error::invalid(format!(
            "{place} of promql is a timestamp, RFC 3339 text or seconds since 1970, not {value}"
        ))
    };
    let ms = match value {
        ScalarValue::TimestampSecond(Some(t), _) => t.checked_mul(1_000),
        ScalarValue::TimestampMillisecond(Some(t), _) => Some(*t),
        ScalarValue::TimestampMicrosecond(Some(t), _) => Some(t.div_euclid(1_000)),
        ScalarValue::TimestampNanosecond(Some(t), _) => Some(t.div_euclid(1_000_000)),
        ScalarValue::Date32(Some(days)) => Some(i64::from(*days) * 86_400_000),
        other => match other.try_as_str() {
            Some(text) => text.and_then(time_text),
            None => seconds(other).and_then(milliseconds),
        },
    };
    // Later and earlier ones cannot be written as dates.
    let has_date = |ms: &TimestampMs| ms.unsigned_abs() < 253_402_300_800_000;
    ms.filter(has_date).ok_or_else(wrong)
}

fn time_text(text: &str) -> Option<TimestampMs> {
    let rfc3339 = text
        .parse::<jiff::Timestamp>()
        .ok()
        .map(|t| t.as_nanosecond().div_euclid(1_000_000));
    match rfc3339 {
        Some(ms) => TimestampMs::try_from(ms).ok(),
        None => text.parse().ok().and_then(milliseconds),
    }
}

/// A length of time: seconds, `1m30s` or seconds as text, an interval without months.
fn duration(value: &ScalarValue) -> Result<i64> {
    let ms = match value {
        ScalarValue::IntervalDayTime(Some(i)) => {
            Some(i64::from(i.days) * 86_400_000 + i64::from(i.milliseconds))
        }
        ScalarValue::IntervalMonthDayNano(Some(i)) if i.months == 0 => {
            Some(i64::from(i.days) * 86_400_000 + i.nanoseconds.div_euclid(1_000_000))
        }
        ScalarValue::DurationSecond(Some(t)) => t.checked_mul(1_000),
        ScalarValue::DurationMillisecond(Some(t)) => Some(*t),
        ScalarValue::DurationMicrosecond(Some(t)) => Some(t.div_euclid(1_000)),
        ScalarValue::DurationNanosecond(Some(t)) => Some(t.div_euclid(1_000_000)),
        other => match other.try_as_str() {
            Some(text) => text.and_then(|text| {
                parse_duration(text)
                    .ok()
                    .or_else(|| text.parse().ok().and_then(milliseconds))
            }),
            None => seconds(other).and_then(milliseconds),
        },
    };
    ms.ok_or_else(|| invalid_step(value))
}

fn invalid_step(value: impl Display) -> Error {
    Error::invalid(format!(
        "step of promql is a number of seconds, a text like '1m' or an interval, not {value}"
    ))
}

fn seconds(value: &ScalarValue) -> Option<f64> {
    match value {
        ScalarValue::Int64(Some(n)) => Some(*n as f64),
        ScalarValue::UInt64(Some(n)) => Some(*n as f64),
        ScalarValue::Int32(Some(n)) => Some(f64::from(*n)),
        ScalarValue::Float64(Some(n)) => Some(*n),
        ScalarValue::Float32(Some(n)) => Some(f64::from(*n)),
        ScalarValue::Decimal128(Some(n), _, scale) => {
            Some(*n as f64 / 10_f64.powi(i32::from(*scale)))
        }
        _ => None,
    }
}

/// Rounded to the nearest; `None` if it is no instant we can say.
fn milliseconds(seconds: f64) -> Option<i64> {
    let ms = (seconds * 1_000.0).round();
    (ms.abs() < 9.2e18).then_some(ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::lit;

    fn grid(start: Expr, end: Expr, step: Expr) -> Result<Grid> {
        Arguments::read(&[lit("up"), start, end, step], 0).map(|arguments| match arguments.times {
            Times::Range(grid) => grid,
            Times::Instant(_) => panic!("four arguments are a range query"),
        })
    }

    fn interval(ms: i64) -> Expr {
        lit(ScalarValue::new_interval_mdn(0, 0, ms * 1_000_000))
    }

    #[test]
    fn times_in_many_clothes() {
        let expected = Grid {
            start: 1_500,
            end: 3_000,
            step: 1_000,
        };
        let timestamp = |ns| lit(ScalarValue::TimestampNanosecond(Some(ns), None));
        for (start, end, step) in [
            (lit(1.5), lit(3), lit(1)),
            (lit("1.5"), lit("1970-01-01T00:00:03Z"), lit("1s")),
            (
                lit("1970-01-01T01:00:01.5+01:00"),
                timestamp(3_000_000_000),
                interval(1_000),
            ),
            (timestamp(1_500_000_000), lit(3.0), lit("1")),
        ] {
            assert_eq!(grid(start, end, step).expect("valid"), expected);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message = |result: Result<Grid>| result.expect_err("invalid").to_string();
        assert!(
            message(grid(lit("soon"), lit(1), lit(1)))
                .starts_with("start of promql is a timestamp")
        );
        assert!(
            message(grid(lit(0), lit(1), lit("x")))
                .starts_with("step of promql is a number of seconds")
        );
        assert!(message(grid(lit(0), lit(1), lit(0))).starts_with("zero or negative"));
        assert!(
            message(grid(datafusion::prelude::col("a"), lit(1), lit(1))).contains("single quotes")
        );
        assert!(Arguments::read(&[], 0).is_err() && Arguments::read(&[lit(1)], 0).is_err());
    }
}
