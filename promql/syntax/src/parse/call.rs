//! Function calls.

use super::cursor::{Cursor, Tree};
use super::error::{Mistake, Parsed};
use super::token::TokenKind;
use crate::ast::{Call, Expr, Node};
use crate::quote::Quoted;
use crate::signature::signature;

impl Cursor<'_> {
    /// `rate(x[5m])`
    pub(super) fn call(&mut self) -> Parsed<Tree> {
        let name = self.advance();
        let (args, height) = self.arguments()?;
        let text = self.source(name.span);
        let Some(signature) = signature(text) else {
            return Err(Mistake::new(
                name.span,
                format!("unknown function with name {}", Quoted(text)),
            ));
        };
        if signature.experimental && !self.options.experimental_functions {
            return Err(Mistake::new(
                name.span,
                format!("function {} is not enabled", Quoted(text)),
            ));
        }
        let call = Call {
            function: signature.name,
            args,
        };
        self.tree(Node::Call(call), self.since(name.span.start), height)
    }

    /// Expressions in parentheses, and the levels of the highest.
    pub(super) fn arguments(&mut self) -> Parsed<(Vec<Expr>, usize)> {
        let (mut args, mut height) = (Vec::new(), 0);
        if self.accept(TokenKind::LeftParen).is_none() {
            return Err(self.unexpected());
        }
        if self.accept(TokenKind::RightParen).is_some() {
            return Ok((args, height));
        }
        loop {
            let arg = self.expression()?;
            height = height.max(arg.height);
            args.push(*arg.expr);
            if self.accept(TokenKind::RightParen).is_some() {
                return Ok((args, height));
            }
            let Some(comma) = self.accept(TokenKind::Comma) else {
                return Err(self.unexpected());
            };
            if self.at(TokenKind::RightParen) {
                return Err(Mistake::new(
                    comma.span,
                    "trailing commas not allowed in function call args",
                ));
            }
        }
    }
}
