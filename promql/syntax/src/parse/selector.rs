//! Vector selectors: a name, and matchers in braces.

use narthex_model::{METRIC_NAME, MatchOp, Matcher};

use super::cursor::{Cursor, Tree};
use super::error::{Mistake, Parsed};
use super::token::TokenKind;
use crate::ast::{BinaryOp, Modifiers, Node, VectorSelector};

const CONTEXT: &str = "label matching";

impl Cursor<'_> {
    /// `name{label="value"}`; a keyword that may be a name counts as one.
    pub(super) fn vector(&mut self) -> Parsed<Tree> {
        let start = self.peek().span.start;
        let name = if self.at(TokenKind::LeftBrace) {
            None
        } else {
            let token = self.advance();
            Some(self.source(token.span).to_owned())
        };
        let mut matchers = Vec::new();
        if self.accept(TokenKind::LeftBrace).is_some() {
            matchers = self.matchers()?;
        }
        matchers.extend(
            name.as_ref()
                .map(|name| Matcher::equal(METRIC_NAME, name.as_str())),
        );
        let selector = VectorSelector {
            name,
            matchers,
            modifiers: Modifiers::default(),
            extension: None,
        };
        self.tree(Node::Vector(selector), self.since(start), 0)
    }

    fn matchers(&mut self) -> Parsed<Vec<Matcher>> {
        let mut matchers = Vec::new();
        while self.accept(TokenKind::RightBrace).is_none() {
            matchers.push(self.matcher()?);
            if self.accept(TokenKind::Comma).is_none() && !self.at(TokenKind::RightBrace) {
                return Err(self.unexpected_in(CONTEXT, "\",\" or \"}\""));
            }
        }
        Ok(matchers)
    }

    fn matcher(&mut self) -> Parsed<Matcher> {
        let start = self.peek().span.start;
        let quoted = self.at(TokenKind::String);
        let name = match self.peek().kind {
            TokenKind::String => self.string()?,
            TokenKind::Identifier => {
                let token = self.advance();
                self.source(token.span).to_owned()
            }
            _ => return Err(self.unexpected_in(CONTEXT, "identifier or \"}\"")),
        };
        let op = match self.peek().kind {
            TokenKind::Assign => MatchOp::Equal,
            TokenKind::Sign(BinaryOp::NotEqual) => MatchOp::NotEqual,
            TokenKind::EqualRegex => MatchOp::Regex,
            TokenKind::NotRegex => MatchOp::NotRegex,
            // A text alone is the metric's name.
            _ if quoted => return Ok(Matcher::equal(METRIC_NAME, name)),
            _ => return Err(self.unexpected_in(CONTEXT, "label matching operator")),
        };
        self.advance();
        if !self.at(TokenKind::String) {
            return Err(self.unexpected_in(CONTEXT, "string"));
        }
        let value = self.string()?;
        Matcher::new(name, op, value).map_err(|e| Mistake::new(self.since(start), e.message()))
    }
}
