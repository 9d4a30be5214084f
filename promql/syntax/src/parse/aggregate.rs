//! Aggregations.

use super::cursor::{Cursor, Tree};
use super::error::{Mistake, Parsed};
use super::token::{Keyword, TokenKind};
use crate::ast::{Aggregate, AggregateOp, Expr, Grouping, Node, Span};
use crate::quote::{quote_bytes, unquote};

impl Cursor<'_> {
    /// `sum by (job) (x)`, `sum(x) by (job)`
    pub(super) fn aggregate(&mut self, op: AggregateOp) -> Parsed<Tree> {
        let start = self.advance().span.start;
        self.aggregations += 1;
        let before = self.grouping_clause()?;
        self.bytes_are_a_label_name(op)?;
        let (args, height) = self.arguments()?;
        self.aggregations -= 1;
        let grouping = match before {
            Some(grouping) => grouping,
            None => self.grouping_clause()?.unwrap_or(Grouping::None),
        };
        let span = self.since(start);
        let (param, expr) = self.param_and_expr(op, args, span)?;
        let aggregate = Aggregate {
            op,
            param,
            expr,
            grouping,
        };
        self.tree(Node::Aggregate(Box::new(aggregate)), span, height)
    }

    /// `by (…)` or `without (…)`, if it stands here. An empty `by` is none.
    fn grouping_clause(&mut self) -> Parsed<Option<Grouping>> {
        if self.accept_keyword(Keyword::By).is_some() {
            let labels = self.labels()?;
            return Ok(Some(if labels.is_empty() {
                Grouping::None
            } else {
                Grouping::By(labels)
            }));
        }
        if self.accept_keyword(Keyword::Without).is_some() {
            return Ok(Some(Grouping::Without(self.labels()?)));
        }
        Ok(None)
    }

    fn param_and_expr(
        &self,
        op: AggregateOp,
        args: Vec<Expr>,
        span: Span,
    ) -> Parsed<(Option<Expr>, Expr)> {
        if args.is_empty() {
            return Err(Mistake::new(
                span,
                "no arguments for aggregate expression provided",
            ));
        }
        if op.is_experimental() && !self.options.experimental_functions {
            let message = format!(
                "{}() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
                op.as_str()
            );
            return Err(Mistake::new(span, message));
        }
        let (given, wanted) = (args.len(), if op.has_param() { 2 } else { 1 });
        let mut args = args.into_iter();
        let param = if op.has_param() { args.next() } else { None };
        match (args.next(), args.next()) {
            (Some(expr), None) => Ok((param, expr)),
            _ => Err(Mistake::new(
                span,
                format!(
                    "wrong number of arguments for aggregate expression provided, expected {wanted}, got {given}"
                ),
            )),
        }
    }

    /// Our strings are UTF-8, so a label name that is not can only be refused here.
    fn bytes_are_a_label_name(&self, op: AggregateOp) -> Parsed<()> {
        let token = self.peek_at(1);
        if op == AggregateOp::CountValues && token.kind == TokenKind::String {
            let bytes = unquote(self.source(token.span));
            if std::str::from_utf8(&bytes).is_err() {
                return Err(Mistake::late(
                    token.span,
                    format!("invalid label name {}", quote_bytes(&bytes)),
                ));
            }
        }
        Ok(())
    }
}
