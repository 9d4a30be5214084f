//! The parser's place among the tokens, and what all its parts use: looking ahead, complaining, counting depth.

use super::error::{Mistake, Parsed};
use super::lexer::{Lexed, lex};
use super::options::ParseOptions;
use super::token::{Token, TokenKind};
use super::{DEPTH_MAX, token::Keyword};
use crate::ast::{Expr, Node, Span};

/// A parser at some token.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) options: &'a ParseOptions,
    lexed: Lexed,
    at: usize,
    depth: usize,
    /// How many aggregations are open: complaints inside mention it.
    pub(super) aggregations: usize,
}

/// A subtree and the number of levels it has. Boxed, so that the frames of the recursive functions stay small.
pub(super) struct Tree {
    pub(super) expr: Box<Expr>,
    pub(super) height: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, options: &'a ParseOptions) -> Self {
        Self {
            text,
            options,
            lexed: lex(text),
            at: 0,
            depth: 0,
            aggregations: 0,
        }
    }

    /// The whole query.
    pub(super) fn query(&mut self) -> Parsed<Expr> {
        if self.at(TokenKind::End) {
            return Err(Mistake::new(
                Span::default(),
                "no expression found in input",
            ));
        }
        let tree = self.expression()?;
        if !self.at(TokenKind::End) {
            return Err(self.unexpected());
        }
        Ok(*tree.expr)
    }

    pub(super) fn peek(&self) -> Token {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Token {
        let tokens = &self.lexed.tokens;
        let end = Token {
            kind: TokenKind::End,
            span: Span::default(),
        };
        tokens
            .get(self.at + ahead)
            .or(tokens.last())
            .copied()
            .unwrap_or(end)
    }

    pub(super) fn at(&self, kind: TokenKind) -> bool {
        self.peek().kind == kind
    }

    /// Takes the token.
    pub(super) fn advance(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// Takes the token if it is of that kind.
    pub(super) fn accept(&mut self, kind: TokenKind) -> Option<Token> {
        self.at(kind).then(|| self.advance())
    }

    pub(super) fn accept_keyword(&mut self, keyword: Keyword) -> Option<Token> {
        self.accept(TokenKind::Keyword(keyword))
    }

    /// What stands at `span`.
    pub(super) fn source(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Where the last taken token stands.
    pub(super) fn last_span(&self) -> Span {
        let last = self
            .at
            .checked_sub(1)
            .and_then(|at| self.lexed.tokens.get(at));
        last.map_or(Span::default(), |token| token.span)
    }

    /// From `start` to the end of the last taken token.
    pub(super) fn since(&self, start: usize) -> Span {
        Span {
            start,
            end: self.last_span().end,
        }
    }

    /// The complaint about a token that fits nothing here.
    #[cold]
    pub(super) fn unexpected(&self) -> Box<Mistake> {
        let place = if self.aggregations > 0 {
            " in aggregation"
        } else {
            ""
        };
        self.complain(place)
    }

    /// The same inside `context`, where `expected` might have stood.
    #[cold]
    pub(super) fn unexpected_in(&self, context: &str, expected: &str) -> Box<Mistake> {
        self.complain(&format!(" in {context}, expected {expected}"))
    }

    fn complain(&self, place: &str) -> Box<Mistake> {
        let token = self.peek();
        if let (TokenKind::Error, Some(mistake)) = (token.kind, &self.lexed.mistake) {
            return Mistake::new(mistake.span, mistake.message.clone());
        }
        Mistake::new(
            token.span,
            format!(
                "unexpected {}{place}",
                token.describe(self.source(token.span))
            ),
        )
    }

    /// Goes one level down; [`Self::leave`] goes up again.
    pub(super) fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        self.limit_depth(self.depth, self.peek().span)
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn limit_depth(&self, depth: usize, span: Span) -> Parsed<()> {
        if depth > DEPTH_MAX {
            return Err(Mistake::new(
                span,
                format!("query is nested too deeply: more than {DEPTH_MAX} levels"),
            ));
        }
        Ok(())
    }

    /// A node above subtrees of which the highest has `below` levels.
    pub(super) fn tree(&self, node: Node, span: Span, below: usize) -> Parsed<Tree> {
        let height = below + 1;
        self.limit_depth(height, span)?;
        let expr = Box::new(Expr { node, span });
        Ok(Tree { expr, height })
    }
}
