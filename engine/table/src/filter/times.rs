//! What a SQL condition says about a column of times, where a time range can say it exactly.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::{Between, BinaryExpr, Cast, TryCast};
use datafusion::logical_expr::{Expr, Operator};
use narthex_model::{TimeRange, TimestampMs};

use crate::metric::TIME_ZONE;

/// Which times of the column of milliseconds `name` `filter` demands, if that is all it does.
pub fn time_range(filter: &Expr, name: &str) -> Option<TimeRange> {
    let is_time = |column: &str| column == name;
    let against = |column: &Expr, op, literal: &Expr| match literal {
        Expr::Literal(value, _) => comparison(column, op, value, &is_time),
        _ => None,
    };
    match filter {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::And,
            right,
        }) => Some(time_range(left, name)?.intersection(&time_range(right, name)?)),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            against(left, *op, right).or_else(|| against(right, op.swap()?, left))
        }
        Expr::Between(Between {
            expr,
            negated: false,
            low,
            high,
        }) => {
            let from = against(expr, Operator::GtEq, low)?;
            Some(from.intersection(&against(expr, Operator::LtEq, high)?))
        }
        _ => None,
    }
}

/// The times that `column op value` demands, if it is a column of times in milliseconds.
pub(super) fn comparison(
    column: &Expr,
    op: Operator,
    value: &ScalarValue,
    is_time: &dyn Fn(&str) -> bool,
) -> Option<TimeRange> {
    let unit = unit(column, is_time)?;
    demanded(op, instant(value, unit)?, ticks_per_ms(unit)?)
}

/// In which unit `expr` reads the column of times, if it does; a cast to a finer unit loses nothing.
fn unit(expr: &Expr, is_time: &dyn Fn(&str) -> bool) -> Option<TimeUnit> {
    read_as(expr, is_time).map(|read| read.unit)
}

/// How a column of times is read.
struct ReadAs<'a> {
    unit: TimeUnit,
    /// Its zone; `None`: none.
    zone: Option<&'a str>,
}

fn read_as<'a>(expr: &'a Expr, is_time: &dyn Fn(&str) -> bool) -> Option<ReadAs<'a>> {
    match expr {
        Expr::Column(Column { name, .. }) if is_time(name) => Some(ReadAs {
            unit: TimeUnit::Millisecond,
            zone: Some(TIME_ZONE),
        }),
        Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field }) => {
            let inner = read_as(expr, is_time)?;
            let DataType::Timestamp(unit, zone) = field.data_type() else {
                return None;
            };
            let zone = zone.as_deref();
            let is_finer = ticks_per_ms(*unit)? >= ticks_per_ms(inner.unit)?;
            // From one zone to another it is the same instant; a time without a zone is moved when it is given one.
            let is_same = match (inner.zone, zone) {
                (None, None) | (Some(_), Some(_)) => true,
                (Some(zone), None) => zone == TIME_ZONE,
                (None, Some(_)) => false,
            };
            (is_finer && is_same).then_some(ReadAs { unit: *unit, zone })
        }
        _ => None,
    }
}

/// How many ticks of `unit` make a millisecond; `None` if a tick is longer than that.
fn ticks_per_ms(unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => None,
        TimeUnit::Millisecond => Some(1),
        TimeUnit::Microsecond => Some(1_000),
        TimeUnit::Nanosecond => Some(1_000_000),
    }
}

/// The instant `value` in ticks of `unit`.
fn instant(value: &ScalarValue, unit: TimeUnit) -> Option<i64> {
    match (value, unit) {
        (ScalarValue::TimestampMillisecond(t, _), TimeUnit::Millisecond)
        | (ScalarValue::TimestampMicrosecond(t, _), TimeUnit::Microsecond)
        | (ScalarValue::TimestampNanosecond(t, _), TimeUnit::Nanosecond) => *t,
        _ => None,
    }
}

/// The milliseconds `t` with `t * ticks op instant`.
fn demanded(op: Operator, instant: i64, ticks: i64) -> Option<TimeRange> {
    let floor: TimestampMs = instant.div_euclid(ticks);
    let whole = instant.rem_euclid(ticks) == 0;
    let ceil = if whole { floor } else { floor.checked_add(1)? };
    let after = floor.checked_add(1)?;
    Some(match op {
        Operator::Eq if whole => TimeRange::inclusive(floor, floor),
        Operator::Eq => TimeRange::new(0, 0),
        Operator::Lt => TimeRange::new(i64::MIN, ceil),
        Operator::LtEq => TimeRange::new(i64::MIN, after),
        Operator::Gt => TimeRange::new(after, i64::MAX),
        Operator::GtEq => TimeRange::new(ceil, i64::MAX),
        _ => return None,
    })
}
