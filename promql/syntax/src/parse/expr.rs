//! Operators by precedence, and what they stand between.

use super::cursor::{Cursor, Tree};
use super::error::{Mistake, Parsed};
use super::token::{Keyword, TokenKind};
use super::{matching::Modifiers, number};
use crate::ast::{Binary, BinaryOp, Node, NumberLiteral, Span, Unary};
use crate::quote::{quote_bytes, unquote};

/// What binds tighter than any operator before it: unary signs stand just below.
const POWER: u8 = 6;

/// How tightly an operator binds, from 1.
pub(super) fn precedence(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And | BinaryOp::Unless => 2,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessOrEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterOrEqual
        | BinaryOp::TrimUpper
        | BinaryOp::TrimLower => 3,
        BinaryOp::Add | BinaryOp::Sub => 4,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod | BinaryOp::Atan2 => 5,
        BinaryOp::Pow => POWER,
    }
}

impl Cursor<'_> {
    /// A whole expression.
    pub(super) fn expression(&mut self) -> Parsed<Tree> {
        self.operation(1)
    }

    /// An expression of operators that bind at least as tightly as `floor`.
    fn operation(&mut self, floor: u8) -> Parsed<Tree> {
        self.enter()?;
        let mut lhs = self.operand()?;
        while let Some(op) = self.operator().filter(|&op| precedence(op) >= floor) {
            let op_token = self.advance();
            let modifiers = self.modifiers()?;
            // `^` groups from the right, all others from the left.
            let rhs = self.operation(precedence(op) + u8::from(op != BinaryOp::Pow))?;
            lhs = self.binary(lhs, rhs, op, op_token.span, modifiers)?;
        }
        self.leave();
        Ok(lhs)
    }

    /// The operator at the cursor.
    pub(super) fn operator(&self) -> Option<BinaryOp> {
        match self.peek().kind {
            TokenKind::Sign(op) | TokenKind::Keyword(Keyword::Operator(op)) => Some(op),
            _ => None,
        }
    }

    fn binary(
        &self,
        lhs: Tree,
        rhs: Tree,
        op: BinaryOp,
        op_span: Span,
        modifiers: Modifiers,
    ) -> Parsed<Tree> {
        let span = Span {
            start: lhs.expr.span.start,
            end: rhs.expr.span.end,
        };
        let Modifiers {
            return_bool,
            matching,
        } = modifiers;
        if !self.options.binop_fill_modifiers
            && (matching.fill_left.is_some() || matching.fill_right.is_some())
        {
            return Err(Mistake::new(
                span,
                "binop fill modifiers are experimental and not enabled",
            ));
        }
        let below = lhs.height.max(rhs.height);
        let (lhs, rhs) = (*lhs.expr, *rhs.expr);
        let binary = Binary {
            op,
            lhs,
            rhs,
            return_bool,
            matching: Some(matching),
            op_span,
        };
        self.tree(Node::Binary(Box::new(binary)), span, below)
    }

    /// What stands beside operators, its signs and modifiers included.
    fn operand(&mut self) -> Parsed<Tree> {
        match self.operator() {
            Some(BinaryOp::Sub) => self.unary(true),
            Some(BinaryOp::Add) => self.unary(false),
            _ => {
                let primary = self.primary()?;
                self.postfixes(primary)
            }
        }
    }

    fn unary(&mut self, negative: bool) -> Parsed<Tree> {
        let sign = self.advance();
        let mut operand = self.operation(POWER)?;
        let span = self.since(sign.span.start);
        // A sign before a number belongs to the number.
        if let Node::Number(literal) = &mut operand.expr.node {
            literal.value = if negative {
                -literal.value
            } else {
                literal.value
            };
            operand.expr.span = span;
            return Ok(operand);
        }
        let unary = Unary {
            negative,
            expr: *operand.expr,
        };
        self.tree(Node::Unary(Box::new(unary)), span, operand.height)
    }

    fn primary(&mut self) -> Parsed<Tree> {
        let followed_by_paren = self.peek_at(1).kind == TokenKind::LeftParen;
        match self.peek().kind {
            TokenKind::Number | TokenKind::Duration => {
                let literal = self.number_literal()?;
                self.leaf(Node::Number(literal))
            }
            TokenKind::String => {
                let text = self.string()?;
                self.leaf(Node::String(text))
            }
            TokenKind::LeftParen => self.parens(),
            TokenKind::LeftBrace | TokenKind::MetricIdentifier => self.vector(),
            TokenKind::Identifier if followed_by_paren => self.call(),
            TokenKind::Identifier => self.vector(),
            TokenKind::Keyword(keyword) => self.keyword(keyword, followed_by_paren),
            _ => Err(self.unexpected()),
        }
    }

    fn keyword(&mut self, keyword: Keyword, followed_by_paren: bool) -> Parsed<Tree> {
        let grouping = matches!(
            self.peek_at(1).kind,
            TokenKind::Keyword(Keyword::By | Keyword::Without)
        );
        match keyword {
            Keyword::Aggregate(op) if followed_by_paren || grouping => self.aggregate(op),
            _ if keyword.is_function() && followed_by_paren => self.call(),
            _ if keyword.is_metric_name() => self.vector(),
            _ => Err(self.unexpected()),
        }
    }

    fn parens(&mut self) -> Parsed<Tree> {
        let open = self.advance();
        let inner = self.expression()?;
        if self.accept(TokenKind::RightParen).is_none() {
            return Err(self.unexpected());
        }
        self.tree(
            Node::Paren(inner.expr),
            self.since(open.span.start),
            inner.height,
        )
    }

    /// A tree of the one token just taken.
    fn leaf(&self, node: Node) -> Parsed<Tree> {
        self.tree(node, self.last_span(), 0)
    }

    /// A number, or a duration as its seconds.
    pub(super) fn number_literal(&mut self) -> Parsed<NumberLiteral> {
        let token = self.advance();
        let text = self.source(token.span);
        let is_duration = token.kind == TokenKind::Duration;
        let value = if is_duration {
            number::duration_ms(text).map(|ms| ms as f64 / 1000.0)
        } else {
            number::number(text)
        };
        let value = value.map_err(|message| Mistake::new(token.span, message))?;
        Ok(NumberLiteral { value, is_duration })
    }

    /// The content of a string literal.
    pub(super) fn string(&mut self) -> Parsed<String> {
        let token = self.advance();
        let bytes = unquote(self.source(token.span));
        String::from_utf8(bytes).map_err(|e| {
            Mistake::new(
                token.span,
                format!("string is not UTF-8: {}", quote_bytes(e.as_bytes())),
            )
        })
    }
}
