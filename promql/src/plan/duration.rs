//! Durations, possibly computed from the query's own parameters.

use narthex_model::{Error, Result};

use super::Planner;
use crate::ast::{BinaryOp, DurationExpr};
use crate::functions::binary::arithmetic;
use crate::functions::extremes::Extreme;

/// The longest duration that Prometheus can say: it counts nanoseconds.
const SECONDS_MAX: f64 = 9_223_372_036.0;

impl Planner<'_> {
    /// The value in milliseconds.
    pub(super) fn duration(&self, expr: &DurationExpr) -> Result<i64> {
        match expr {
            DurationExpr::Literal { ms, .. } => Ok(*ms),
            computed => milliseconds(self.duration_seconds(computed)?),
        }
    }

    /// The value in milliseconds, of a duration that must be greater than zero. A fraction of a millisecond is none.
    pub(super) fn positive_duration(&self, expr: &DurationExpr) -> Result<i64> {
        let positive = match expr {
            DurationExpr::Literal { ms, .. } => *ms > 0,
            computed => self.duration_seconds(computed)? > 0.0,
        };
        if !positive {
            return Err(Error::invalid("duration must be greater than 0"));
        }
        self.duration(expr)
    }

    fn duration_seconds(&self, expr: &DurationExpr) -> Result<f64> {
        Ok(match expr {
            DurationExpr::Literal { ms, .. } => *ms as f64 / 1000.0,
            DurationExpr::Number { value, .. } => *value,
            DurationExpr::Step(_) => self.query_step_seconds(),
            DurationExpr::Range(_) => self.query_range_seconds(),
            DurationExpr::MinOf(a, b, _) => {
                Extreme::Min.of(self.duration_seconds(a)?, self.duration_seconds(b)?)
            }
            DurationExpr::MaxOf(a, b, _) => {
                Extreme::Max.of(self.duration_seconds(a)?, self.duration_seconds(b)?)
            }
            DurationExpr::Unary { negative, expr, .. } => {
                let v = self.duration_seconds(expr)?;
                if *negative { -v } else { v }
            }
            DurationExpr::Binary { op, lhs, rhs, .. } => operated(
                *op,
                self.duration_seconds(lhs)?,
                self.duration_seconds(rhs)?,
            )?,
            DurationExpr::Paren(inner, _) => self.duration_seconds(inner)?,
        })
    }

    /// The step of a range query; 0 for an instant query.
    pub(super) fn query_step_seconds(&self) -> f64 {
        if self.params.instant {
            0.0
        } else {
            self.query.interval as f64 / 1000.0
        }
    }

    /// The length of a range query; 0 for an instant query.
    pub(super) fn query_range_seconds(&self) -> f64 {
        self.params.end.saturating_sub(self.query.start) as f64 / 1000.0
    }
}

/// What follows the milliseconds is cut off.
fn milliseconds(seconds: f64) -> Result<i64> {
    // NaN is not in the range either.
    if !(-SECONDS_MAX..=SECONDS_MAX).contains(&seconds) {
        return Err(Error::invalid("duration is out of range"));
    }
    Ok((seconds * 1000.0) as i64)
}

fn operated(op: BinaryOp, a: f64, b: f64) -> Result<f64> {
    match op {
        BinaryOp::Div if b == 0.0 => Err(Error::invalid("division by zero")),
        BinaryOp::Mod if b == 0.0 => Err(Error::invalid("modulo by zero")),
        _ => Ok(arithmetic(op).map_or(f64::NAN, |f| f(a, b))),
    }
}
