//! What stands between a binary operator and its right side: `bool`, `on`, `group_left`, `fill`; and lists of labels.

use super::cursor::Cursor;
use super::error::Parsed;
use super::token::{Keyword, TokenKind};
use crate::ast::{BinaryOp, Cardinality, Matching};

/// The modifiers of a binary operator.
pub(super) struct Modifiers {
    pub(super) return_bool: bool,
    pub(super) matching: Matching,
}

impl Cursor<'_> {
    /// Takes the modifiers after an operator; there may be none.
    pub(super) fn modifiers(&mut self) -> Parsed<Modifiers> {
        let return_bool = self.accept_keyword(Keyword::Bool).is_some();
        let mut matching = Matching {
            cardinality: Cardinality::OneToOne,
            on: false,
            labels: Vec::new(),
            include: Vec::new(),
            fill_left: None,
            fill_right: None,
        };
        if let TokenKind::Keyword(clause @ (Keyword::On | Keyword::Ignoring)) = self.peek().kind {
            self.advance();
            matching.on = clause == Keyword::On;
            matching.labels = self.labels()?;
            self.grouping(&mut matching)?;
        }
        self.fills(&mut matching)?;
        Ok(Modifiers {
            return_bool,
            matching,
        })
    }

    fn grouping(&mut self, matching: &mut Matching) -> Parsed<()> {
        matching.cardinality = match self.peek().kind {
            TokenKind::Keyword(Keyword::GroupLeft) => Cardinality::ManyToOne,
            TokenKind::Keyword(Keyword::GroupRight) => Cardinality::OneToMany,
            _ => return Ok(()),
        };
        self.advance();
        if self.at(TokenKind::LeftParen) {
            matching.include = self.labels()?;
        }
        Ok(())
    }

    fn fills(&mut self, matching: &mut Matching) -> Parsed<()> {
        if self.accept_keyword(Keyword::Fill).is_some() {
            let value = self.fill_value()?;
            (matching.fill_left, matching.fill_right) = (Some(value), Some(value));
            return Ok(());
        }
        loop {
            if matching.fill_left.is_none() && self.accept_keyword(Keyword::FillLeft).is_some() {
                matching.fill_left = Some(self.fill_value()?);
            } else if matching.fill_right.is_none()
                && self.accept_keyword(Keyword::FillRight).is_some()
            {
                matching.fill_right = Some(self.fill_value()?);
            } else {
                return Ok(());
            }
        }
    }

    /// `(1)`, `(-Inf)`
    fn fill_value(&mut self) -> Parsed<f64> {
        if self.accept(TokenKind::LeftParen).is_none() {
            return Err(self.unexpected());
        }
        let negative = self.sign();
        if !matches!(self.peek().kind, TokenKind::Number | TokenKind::Duration) {
            return Err(self.unexpected());
        }
        let value = self.number_literal()?.value;
        if self.accept(TokenKind::RightParen).is_none() {
            return Err(self.unexpected());
        }
        Ok(if negative { -value } else { value })
    }

    /// Takes a `+` or `-`, if there is one; says whether it was `-`.
    pub(super) fn sign(&mut self) -> bool {
        let negative = self.operator() == Some(BinaryOp::Sub);
        if negative || self.operator() == Some(BinaryOp::Add) {
            self.advance();
        }
        negative
    }

    /// `(job, "a label",)`
    pub(super) fn labels(&mut self) -> Parsed<Vec<String>> {
        if self.accept(TokenKind::LeftParen).is_none() {
            return Err(self.unexpected_in("grouping opts", "\"(\""));
        }
        let mut labels = Vec::new();
        while self.accept(TokenKind::RightParen).is_none() {
            labels.push(self.label()?);
            if self.accept(TokenKind::Comma).is_none() && !self.at(TokenKind::RightParen) {
                return Err(self.unexpected_in("grouping opts", "\",\" or \")\""));
            }
        }
        Ok(labels)
    }

    fn label(&mut self) -> Parsed<String> {
        match self.peek().kind {
            TokenKind::String => self.string(),
            TokenKind::Identifier | TokenKind::Keyword(_) => {
                let token = self.advance();
                Ok(self.source(token.span).to_owned())
            }
            _ => Err(self.unexpected_in("grouping opts", "label")),
        }
    }
}
