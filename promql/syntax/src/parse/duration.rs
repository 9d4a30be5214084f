//! Durations: literals, and arithmetic on them.
//!
//! A literal duration stays a literal of milliseconds; a plain number is one of seconds, except inside a computation, where
//! it stays a number. Signs of literals and parentheses around them are folded away, as are a `+` and doubled parentheses.

use super::cursor::Cursor;
use super::error::{Mistake, Parsed};
use super::expr::precedence;
use super::number::DURATION_MS_MAX;
use super::token::{Keyword, TokenKind};
use crate::ast::{BinaryOp, DurationExpr, Span};

/// Where a duration stands: the words of complaints.
pub(super) struct Place {
    pub(super) context: &'static str,
    pub(super) expected: &'static str,
}

/// What may stand where a duration is wanted.
pub(super) const DURATION: &str = "number, duration, step(), or range()";

impl Cursor<'_> {
    /// A range or step: a whole computation, greater than 0 as far as one can see.
    pub(super) fn positive_duration(&mut self, place: &Place) -> Parsed<DurationExpr> {
        let duration = Durations {
            cursor: self,
            place,
        }
        .operation(1)?;
        let duration = whole(duration)?;
        match duration {
            DurationExpr::Literal { ms, span } if ms <= 0 => {
                Err(Mistake::new(span, "duration must be greater than 0"))
            }
            _ => Ok(duration),
        }
    }

    /// An offset: one operand, so that `x offset 100 + 2` is `(x offset 100) + 2`.
    pub(super) fn offset_duration(&mut self, place: &Place) -> Parsed<DurationExpr> {
        let duration = Durations {
            cursor: self,
            place,
        }
        .offset()?;
        whole(duration)
    }
}

struct Durations<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    place: &'c Place,
}

impl Durations<'_, '_> {
    fn operation(&mut self, floor: u8) -> Parsed<DurationExpr> {
        self.cursor.enter()?;
        let mut terms = 0;
        let mut lhs = self.operand()?;
        while let Some(op) = self
            .cursor
            .operator()
            .filter(|&op| is_arithmetic(op) && precedence(op) >= floor)
        {
            // A chain makes the tree as deep as nesting does.
            self.cursor.enter()?;
            terms += 1;
            let op_span = self.cursor.advance().span;
            let rhs = self.operation(precedence(op) + u8::from(op != BinaryOp::Pow))?;
            lhs = self.binary(lhs, rhs, op, op_span)?;
        }
        (0..=terms).for_each(|_| self.cursor.leave());
        Ok(lhs)
    }

    fn binary(
        &self,
        lhs: DurationExpr,
        rhs: DurationExpr,
        op: BinaryOp,
        op_span: Span,
    ) -> Parsed<DurationExpr> {
        self.enabled(lhs.span())?;
        match op {
            BinaryOp::Div if is_zero(&rhs) => {
                return Err(Mistake::new(op_span, "division by zero"));
            }
            BinaryOp::Mod if is_zero(&rhs) => return Err(Mistake::new(op_span, "modulo by zero")),
            _ => {}
        }
        let span = Span {
            start: lhs.span().start,
            end: rhs.span().end,
        };
        Ok(DurationExpr::Binary {
            op,
            lhs: Box::new(lhs),
            rhs: Box::new(rhs),
            span,
        })
    }

    fn operand(&mut self) -> Parsed<DurationExpr> {
        let start = self.cursor.peek().span.start;
        match self.cursor.operator() {
            Some(BinaryOp::Add | BinaryOp::Sub) => {
                let negative = self.cursor.sign();
                let operand = self.operation(precedence(BinaryOp::Pow))?;
                self.signed(negative, operand, start)
            }
            _ => self.primary(),
        }
    }

    fn offset(&mut self) -> Parsed<DurationExpr> {
        let start = self.cursor.peek().span.start;
        match self.cursor.operator() {
            Some(BinaryOp::Add | BinaryOp::Sub) => {
                let negative = self.cursor.sign();
                self.cursor.enter()?;
                let operand = self.offset()?;
                self.cursor.leave();
                self.signed(negative, operand, start)
            }
            _ => self.primary(),
        }
    }

    fn signed(&self, negative: bool, operand: DurationExpr, start: usize) -> Parsed<DurationExpr> {
        let span = self.cursor.since(start);
        Ok(match operand {
            DurationExpr::Literal { ms, .. } => DurationExpr::Literal {
                ms: if negative { -ms } else { ms },
                span,
            },
            DurationExpr::Number { value, .. } => DurationExpr::Number {
                value: if negative { -value } else { value },
                span,
            },
            computed if negative => DurationExpr::Unary {
                negative,
                expr: Box::new(computed),
                span,
            },
            computed => computed,
        })
    }

    fn primary(&mut self) -> Parsed<DurationExpr> {
        match self.cursor.peek().kind {
            TokenKind::Number | TokenKind::Duration => self.literal(),
            TokenKind::LeftParen => self.parens(),
            TokenKind::Keyword(keyword) if self.cursor.peek_at(1).kind == TokenKind::LeftParen => {
                self.function(keyword)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn literal(&mut self) -> Parsed<DurationExpr> {
        let literal = self.cursor.number_literal()?;
        let span = self.cursor.last_span();
        let ms = milliseconds(literal.value)
            .ok_or_else(|| Mistake::new(span, "duration out of range"))?;
        Ok(match literal.is_duration {
            true => DurationExpr::Literal { ms, span },
            false => DurationExpr::Number {
                value: literal.value,
                span,
            },
        })
    }

    fn parens(&mut self) -> Parsed<DurationExpr> {
        let start = self.cursor.advance().span.start;
        let inner = self.operation(1)?;
        self.take(TokenKind::RightParen)?;
        self.enabled(inner.span())?;
        let span = self.cursor.since(start);
        Ok(match inner {
            DurationExpr::Literal { ms, .. } => DurationExpr::Literal { ms, span },
            DurationExpr::Number { value, .. } => DurationExpr::Number { value, span },
            DurationExpr::Paren(expr, _) => DurationExpr::Paren(expr, span),
            computed => DurationExpr::Paren(Box::new(computed), span),
        })
    }

    fn function(&mut self, keyword: Keyword) -> Parsed<DurationExpr> {
        if !keyword.is_function() || matches!(keyword, Keyword::Start | Keyword::End) {
            return Err(self.unexpected());
        }
        let start = self.cursor.advance().span.start;
        self.cursor.advance();
        let pair = match keyword {
            Keyword::MinOf | Keyword::MaxOf => {
                let a = Box::new(self.operation(1)?);
                self.take(TokenKind::Comma)?;
                Some((a, Box::new(self.operation(1)?)))
            }
            _ => None,
        };
        self.take(TokenKind::RightParen)?;
        let span = self.cursor.since(start);
        self.enabled(span)?;
        Ok(match (pair, keyword) {
            (Some((a, b)), Keyword::MinOf) => DurationExpr::MinOf(a, b, span),
            (Some((a, b)), _) => DurationExpr::MaxOf(a, b, span),
            (None, Keyword::Step) => DurationExpr::Step(span),
            (None, _) => DurationExpr::Range(span),
        })
    }

    fn take(&mut self, kind: TokenKind) -> Parsed<()> {
        self.cursor
            .accept(kind)
            .map(|_| ())
            .ok_or_else(|| self.unexpected())
    }

    fn unexpected(&self) -> Box<Mistake> {
        self.cursor
            .unexpected_in(self.place.context, self.place.expected)
    }

    fn enabled(&self, span: Span) -> Parsed<()> {
        if self.cursor.options.duration_expressions {
            return Ok(());
        }
        Err(Mistake::new(
            span,
            "experimental duration expression is not enabled",
        ))
    }
}

impl DurationExpr {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Literal { span, .. }
            | Self::Number { span, .. }
            | Self::Step(span)
            | Self::Range(span)
            | Self::MinOf(_, _, span)
            | Self::MaxOf(_, _, span)
            | Self::Unary { span, .. }
            | Self::Binary { span, .. }
            | Self::Paren(_, span) => *span,
        }
    }
}

/// A number that is a whole duration is one of seconds.
fn whole(duration: DurationExpr) -> Parsed<DurationExpr> {
    match duration {
        DurationExpr::Number { value, span } => {
            let ms =
                milliseconds(value).ok_or_else(|| Mistake::new(span, "duration out of range"))?;
            Ok(DurationExpr::Literal { ms, span })
        }
        other => Ok(other),
    }
}

/// Whole milliseconds, towards 0, after rounding to nanoseconds as Prometheus does.
fn milliseconds(seconds: f64) -> Option<i64> {
    let ms = ((seconds * 1e9).round() / 1e6).trunc();
    (ms.abs() <= DURATION_MS_MAX as f64).then_some(ms as i64)
}

fn is_zero(duration: &DurationExpr) -> bool {
    match duration {
        DurationExpr::Literal { ms, .. } => *ms == 0,
        DurationExpr::Number { value, .. } => *value == 0.0,
        _ => false,
    }
}

fn is_arithmetic(op: BinaryOp) -> bool {
    use BinaryOp::{Add, Div, Mod, Mul, Pow, Sub};
    matches!(op, Add | Sub | Mul | Div | Mod | Pow)
}
