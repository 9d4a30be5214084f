//! What a SQL condition says about labels and time, where matchers and a time range can say it exactly.
//!
//! SQL and matchers differ on an absent label: to SQL it is NULL and satisfies nothing but `IS NULL`, to a matcher it is
//! the empty string. So every condition that a matcher would accept for an absent label gets a second matcher, `!= ""`.

mod times;

use std::fmt;

use arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::{Between, BinaryExpr, Cast, InList, Like, TryCast};
use datafusion::logical_expr::{Expr, Operator};
use narthex_model::{MatchOp, Matcher, TimeRange};

pub use times::time_range;

use crate::labels::ColumnNames;

/// Series that all matchers accept, samples in a time range.
#[derive(Debug, Clone)]
pub(crate) struct Restriction {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) range: TimeRange,
}

impl Restriction {
    /// All samples of the series that `metric` accepts.
    pub(crate) fn metric(metric: Matcher) -> Self {
        Self {
            matchers: vec![metric],
            range: TimeRange::ALL,
        }
    }

    /// What `filter` says, if it can be said exactly; columns are named as in `names`.
    pub(crate) fn of(filter: &Expr, names: &ColumnNames) -> Option<Self> {
        match filter {
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::And,
                right,
            }) => {
                let mut both = Self::of(left, names)?;
                both.add(Self::of(right, names)?);
                Some(both)
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => comparison(left, *op, right, names)
                .or_else(|| comparison(right, op.swap()?, left, names)),
            Expr::Between(Between {
                expr,
                negated: false,
                low,
                high,
            }) => {
                let mut both = comparison(expr, Operator::GtEq, low, names)?;
                both.add(comparison(expr, Operator::LtEq, high, names)?);
                Some(both)
            }
            Expr::InList(list) => in_list(list, names),
            Expr::Like(like) => self::like(like, names),
            Expr::IsNull(expr) => Self::matchers([Matcher::equal(label(expr, names)?, "")]),
            Expr::IsNotNull(expr) => Self::matchers([present(label(expr, names)?)?]),
            Expr::Not(inner) => match inner.as_ref() {
                Expr::IsNull(expr) => Self::matchers([present(label(expr, names)?)?]),
                Expr::IsNotNull(expr) => Self::matchers([Matcher::equal(label(expr, names)?, "")]),
                _ => None,
            },
            _ => None,
        }
    }

    /// Demands `other` too.
    pub(crate) fn add(&mut self, other: Self) {
        for matcher in other.matchers {
            if !self.matchers.contains(&matcher) {
                self.matchers.push(matcher);
            }
        }
        self.range = self.range.intersection(&other.range);
    }

    fn matchers(matchers: impl IntoIterator<Item = Matcher>) -> Option<Self> {
        Some(Self {
            matchers: matchers.into_iter().collect(),
            range: TimeRange::ALL,
        })
    }

    /// A matcher that holds for present labels only.
    fn present_and(matcher: Matcher) -> Option<Self> {
        if !matcher.accepts_empty() {
            return Self::matchers([matcher]);
        }
        let present = present(matcher.name())?;
        Self::matchers([matcher, present])
    }
}

impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("matchers={")?;
        for (at, matcher) in self.matchers.iter().enumerate() {
            write!(f, "{}{matcher}", if at == 0 { "" } else { ", " })?;
        }
        f.write_str("}, time=[")?;
        if self.range.start > i64::MIN {
            write!(f, "{}", self.range.start)?;
        }
        f.write_str(", ")?;
        if self.range.end < i64::MAX {
            write!(f, "{}", self.range.end)?;
        }
        f.write_str(")")
    }
}

fn present(label: &str) -> Option<Matcher> {
    Matcher::new(label, MatchOp::NotEqual, "").ok()
}

fn comparison(
    column: &Expr,
    op: Operator,
    literal: &Expr,
    names: &ColumnNames,
) -> Option<Restriction> {
    let Expr::Literal(value, _) = literal else {
        return None;
    };
    if let Some(label) = label(column, names) {
        return label_comparison(label, op, text(value)?);
    }
    let is_time = |name: &str| name == ColumnNames::TIMESTAMP && names.label(name).is_none();
    Some(Restriction {
        matchers: Vec::new(),
        range: times::comparison(column, op, value, &is_time)?,
    })
}

fn label_comparison(label: &str, op: Operator, value: &str) -> Option<Restriction> {
    let (op, pattern) = match op {
        // The engine keeps no empty values: SQL's `= ''` holds for nothing, but a matcher's for absent labels.
        Operator::Eq if value.is_empty() => return None,
        Operator::Eq => (MatchOp::Equal, value.to_owned()),
        Operator::NotEq => (MatchOp::NotEqual, value.to_owned()),
        Operator::RegexMatch => (MatchOp::Regex, anywhere(value, false)),
        Operator::RegexIMatch => (MatchOp::Regex, anywhere(value, true)),
        Operator::RegexNotMatch => (MatchOp::NotRegex, anywhere(value, false)),
        Operator::RegexNotIMatch => (MatchOp::NotRegex, anywhere(value, true)),
        _ => return None,
    };
    Restriction::present_and(Matcher::new(label, op, pattern).ok()?)
}

/// SQL's patterns match anywhere and their `.` no newline; those of matchers match the whole value, newlines included.
fn anywhere(pattern: &str, ignore_case: bool) -> String {
    let flags = if ignore_case { "i-s" } else { "-s" };
    format!(".*(?{flags}:{pattern}).*")
}

fn in_list(
    InList {
        expr,
        list,
        negated,
    }: &InList,
    names: &ColumnNames,
) -> Option<Restriction> {
    let label = label(expr, names)?;
    let mut alternatives = Vec::with_capacity(list.len());
    for item in list {
        let Expr::Literal(value, _) = item else {
            return None;
        };
        alternatives.push(escape(text(value)?));
    }
    if alternatives.is_empty() || alternatives.iter().any(String::is_empty) {
        return None;
    }
    let op = if *negated {
        MatchOp::NotRegex
    } else {
        MatchOp::Regex
    };
    Restriction::present_and(Matcher::new(label, op, alternatives.join("|")).ok()?)
}

fn like(
    Like {
        negated,
        expr,
        pattern,
        escape_char,
        case_insensitive,
    }: &Like,
    names: &ColumnNames,
) -> Option<Restriction> {
    let label = label(expr, names)?;
    let Expr::Literal(value, _) = pattern.as_ref() else {
        return None;
    };
    let pattern = text(value)?;
    if escape_char.is_some() || pattern.contains('\\') {
        return None;
    }
    let mut regex = String::with_capacity(pattern.len() + 8);
    regex.push_str(if *case_insensitive { "(?i:" } else { "(?:" });
    for c in pattern.chars() {
        match c {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            other => regex.push_str(&escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push(')');
    let op = if *negated {
        MatchOp::NotRegex
    } else {
        MatchOp::Regex
    };
    Restriction::present_and(Matcher::new(label, op, regex).ok()?)
}

/// `text` as a regular expression that matches just it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The label that `expr` reads, through casts between kinds of text.
fn label<'a>(expr: &Expr, names: &'a ColumnNames) -> Option<&'a str> {
    match expr {
        Expr::Column(Column { name, .. }) => names.label(name),
        Expr::Cast(Cast { expr, field }) if is_text(field.data_type()) => label(expr, names),
        Expr::TryCast(TryCast { expr, field }) if is_text(field.data_type()) => label(expr, names),
        _ => None,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn text(value: &ScalarValue) -> Option<&str> {
    value.try_as_str().flatten()
}

#[cfg(test)]
mod tests;
