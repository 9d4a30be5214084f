//! Durations, possibly computed from the query's own parameters.

use narthex_model::{Error, Result};

use super::Planner;
use crate::ast::{BinaryOp, DurationExpr};
use crate::functions::binary::arithmetic;
use crate::functions::extremes::Extreme;

impl Planner<'_> {
    /// The value in milliseconds.
    pub(super) fn duration(&self, expr: &DurationExpr) -> Result<i64> {
        if let DurationExpr::Literal { ms, .. } = expr {
            return Ok(*ms);
        }
        let ms = self.duration_seconds(expr) * 1000.0;
        if !ms.is_finite() || ms.abs() > 9.2e18 {
            return Err(Error::invalid("duration out of range"));
        }
        Ok(ms.round() as i64)
    }

    /// The value in milliseconds, which must be greater than zero.
    pub(super) fn positive_duration(&self, expr: &DurationExpr) -> Result<i64> {
        match self.duration(expr)? {
            ms if ms > 0 => Ok(ms),
            _ => Err(Error::invalid("duration must be greater than 0")),
        }
    }

    fn duration_seconds(&self, expr: &DurationExpr) -> f64 {
        match expr {
            DurationExpr::Literal { ms, .. } => *ms as f64 / 1000.0,
            DurationExpr::Number { value, .. } => *value,
            DurationExpr::Step(_) => self.query_step_seconds(),
            DurationExpr::Range(_) => self.query_range_seconds(),
            DurationExpr::MinOf(a, b, _) => {
                Extreme::Min.of(self.duration_seconds(a), self.duration_seconds(b))
            }
            DurationExpr::MaxOf(a, b, _) => {
                Extreme::Max.of(self.duration_seconds(a), self.duration_seconds(b))
            }
            DurationExpr::Unary { negative, expr, .. } => {
                let v = self.duration_seconds(expr);
                if *negative { -v } else { v }
            }
            DurationExpr::Binary { op, lhs, rhs, .. } => {
                duration_operator(*op, self.duration_seconds(lhs), self.duration_seconds(rhs))
            }
            DurationExpr::Paren(inner, _) => self.duration_seconds(inner),
        }
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
        (self.query.end() - self.query.start) as f64 / 1000.0
    }
}

fn duration_operator(op: BinaryOp, a: f64, b: f64) -> f64 {
    arithmetic(op).map_or(f64::NAN, |f| f(a, b))
}
