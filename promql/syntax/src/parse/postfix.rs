//! What follows an operand: `[range]`, `[range:step]`, `offset`, `@`, `anchored`, `smoothed`.

use super::cursor::{Cursor, Tree};
use super::duration::{DURATION, Place};
use super::error::{Mistake, Parsed};
use super::token::{Keyword, TokenKind};
use crate::ast::{
    At, DurationExpr, Expr, Extension, MatrixSelector, Modifiers, Node, Span, Subquery,
};

const OFFSET: Place = Place {
    context: "offset",
    expected: DURATION,
};
const RANGE: Place = Place {
    context: "subquery or range selector",
    expected: DURATION,
};
const STEP: Place = Place {
    context: "subquery selector",
    expected: "number, duration, step(), range(), or \"]\"",
};

impl Cursor<'_> {
    /// Takes everything that follows `tree`, in any order.
    pub(super) fn postfixes(&mut self, mut tree: Tree) -> Parsed<Tree> {
        loop {
            match self.peek().kind {
                TokenKind::LeftBracket => tree = self.bracket(tree)?,
                TokenKind::At => self.at_modifier(&mut tree.expr)?,
                TokenKind::Keyword(Keyword::Offset) => self.offset(&mut tree.expr)?,
                TokenKind::Keyword(Keyword::Anchored) => {
                    self.extension(&mut tree.expr, Extension::Anchored)?;
                }
                TokenKind::Keyword(Keyword::Smoothed) => {
                    self.extension(&mut tree.expr, Extension::Smoothed)?;
                }
                _ => return Ok(tree),
            }
        }
    }

    fn bracket(&mut self, tree: Tree) -> Parsed<Tree> {
        let open = self.advance().span;
        let range = self.positive_duration(&RANGE)?;
        if self.accept(TokenKind::RightBracket).is_some() {
            return self.matrix(tree, range, self.since(open.start));
        }
        if self.accept(TokenKind::Colon).is_none() {
            return Err(self.unexpected_in("subquery or range", "\":\" or \"]\""));
        }
        let step = if self.at(TokenKind::RightBracket) {
            None
        } else {
            Some(self.positive_duration(&STEP)?)
        };
        if self.accept(TokenKind::RightBracket).is_none() {
            return Err(self.unexpected_in("subquery selector", "\"]\""));
        }
        let span = self.since(tree.expr.span.start);
        let subquery = Subquery {
            expr: *tree.expr,
            range,
            step,
            modifiers: Modifiers::default(),
        };
        self.tree(Node::Subquery(Box::new(subquery)), span, tree.height)
    }

    fn matrix(&self, tree: Tree, range: DurationExpr, brackets: Span) -> Parsed<Tree> {
        let span = self.since(tree.expr.span.start);
        let Node::Vector(vector) = tree.expr.node else {
            return Err(Mistake::new(
                brackets,
                "ranges only allowed for vector selectors",
            ));
        };
        if vector.modifiers.offset.is_some() {
            return Err(Mistake::new(
                brackets,
                "no offset modifiers allowed before range",
            ));
        }
        if vector.modifiers.at.is_some() {
            return Err(Mistake::new(
                brackets,
                "no @ modifiers allowed before range",
            ));
        }
        self.tree(
            Node::Matrix(MatrixSelector { vector, range }),
            span,
            tree.height,
        )
    }

    fn offset(&mut self, expr: &mut Expr) -> Parsed<()> {
        self.advance();
        let offset = self.offset_duration(&OFFSET)?;
        let span = expr.span;
        let Some(modifiers) = modifiers(expr) else {
            return Err(misplaced(span, "offset"));
        };
        if modifiers.offset.is_some() {
            return Err(Mistake::new(span, "offset may not be set multiple times"));
        }
        // An offset of 0 is none.
        modifiers.offset =
            Some(offset).filter(|o| !matches!(o, DurationExpr::Literal { ms: 0, .. }));
        expr.span = self.since(span.start);
        Ok(())
    }

    fn at_modifier(&mut self, expr: &mut Expr) -> Parsed<()> {
        self.advance();
        let at = self.instant(expr.span)?;
        let span = expr.span;
        let Some(modifiers) = modifiers(expr) else {
            return Err(misplaced(span, "@"));
        };
        if modifiers.at.is_some() {
            return Err(Mistake::new(
                span,
                "@ <timestamp> may not be set multiple times",
            ));
        }
        modifiers.at = Some(at);
        expr.span = self.since(span.start);
        Ok(())
    }

    fn instant(&mut self, span: Span) -> Parsed<At> {
        let preprocessor = match self.peek().kind {
            TokenKind::Keyword(Keyword::Start) => Some(At::Start),
            TokenKind::Keyword(Keyword::End) => Some(At::End),
            _ => None,
        };
        if let Some(at) = preprocessor {
            self.advance();
            for kind in [TokenKind::LeftParen, TokenKind::RightParen] {
                self.accept(kind)
                    .ok_or_else(|| self.unexpected_in("@", "timestamp"))?;
            }
            return Ok(at);
        }
        let negative = self.sign();
        if !matches!(self.peek().kind, TokenKind::Number | TokenKind::Duration) {
            return Err(self.unexpected_in("@", "timestamp"));
        }
        let seconds = self.number_literal()?.value;
        let seconds = if negative { -seconds } else { seconds };
        let ms = (seconds * 1000.0).round();
        if ms.is_nan() || ms.abs() >= i64::MAX as f64 {
            let shown = match seconds {
                f64::INFINITY => "+Inf".to_owned(),
                f64::NEG_INFINITY => "-Inf".to_owned(),
                _ => format!("{seconds:.6}"),
            };
            return Err(Mistake::new(
                span,
                format!("timestamp out of bounds for @ modifier: {shown}"),
            ));
        }
        Ok(At::Timestamp(ms as i64))
    }

    fn extension(&mut self, expr: &mut Expr, extension: Extension) -> Parsed<()> {
        self.advance();
        let (name, span) = (extension.as_str(), expr.span);
        let fail = |message: String| Err(Mistake::new(span, message));
        if !self.options.extended_range_selectors {
            return fail(format!("{name} modifier is experimental and not enabled"));
        }
        let vector = match &mut expr.node {
            Node::Vector(vector) => vector,
            Node::Matrix(matrix) => &mut matrix.vector,
            Node::Subquery(_) => {
                return fail(format!("{name} modifier is not supported for subqueries"));
            }
            _ => return fail(format!("{name} modifier not implemented")),
        };
        if vector.extension.is_some_and(|other| other != extension) {
            return fail("anchored and smoothed modifiers cannot be used together".to_owned());
        }
        vector.extension = Some(extension);
        expr.span = self.since(span.start);
        Ok(())
    }
}

/// Where the modifiers of `expr` are kept, if it takes any.
fn modifiers(expr: &mut Expr) -> Option<&mut Modifiers> {
    match &mut expr.node {
        Node::Vector(vector) => Some(&mut vector.modifiers),
        Node::Matrix(matrix) => Some(&mut matrix.vector.modifiers),
        Node::Subquery(subquery) => Some(&mut subquery.modifiers),
        _ => None,
    }
}

fn misplaced(span: Span, name: &str) -> Box<Mistake> {
    let allowed = "an instant vector selector or range vector selector or a subquery";
    Mistake::new(
        span,
        format!("{name} modifier must be preceded by {allowed}"),
    )
}
