//! Visiting all expressions of a tree.

use crate::ast::{Expr, Node};

impl Expr {
    /// Calls `visit` for this expression and all below it, parents first, from left to right.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for child in self.children().into_iter().flatten() {
            child.walk(visit);
        }
        if let Node::Call(call) = &self.node {
            for arg in &call.args {
                arg.walk(visit);
            }
        }
    }

    /// As [`Self::walk`], with leave to change what is visited; children are visited after the change.
    pub fn walk_mut(&mut self, visit: &mut impl FnMut(&mut Self)) {
        visit(self);
        match &mut self.node {
            Node::Number(_) | Node::String(_) | Node::Vector(_) | Node::Matrix(_) => {}
            Node::Subquery(subquery) => subquery.expr.walk_mut(visit),
            Node::Unary(unary) => unary.expr.walk_mut(visit),
            Node::Paren(inner) => inner.walk_mut(visit),
            Node::Call(call) => call.args.iter_mut().for_each(|arg| arg.walk_mut(visit)),
            Node::Aggregate(aggregate) => {
                aggregate
                    .param
                    .iter_mut()
                    .for_each(|param| param.walk_mut(visit));
                aggregate.expr.walk_mut(visit);
            }
            Node::Binary(binary) => {
                binary.lhs.walk_mut(visit);
                binary.rhs.walk_mut(visit);
            }
        }
    }

    /// The expressions directly below, from left to right.
    pub fn parts(&self) -> impl Iterator<Item = &Self> {
        let args = match &self.node {
            Node::Call(call) => call.args.as_slice(),
            _ => &[],
        };
        self.children().into_iter().flatten().chain(args)
    }

    /// The expressions directly below, other than arguments of a call.
    fn children(&self) -> [Option<&Self>; 2] {
        match &self.node {
            Node::Number(_)
            | Node::String(_)
            | Node::Vector(_)
            | Node::Matrix(_)
            | Node::Call(_) => [None, None],
            Node::Subquery(subquery) => [Some(&subquery.expr), None],
            Node::Unary(unary) => [Some(&unary.expr), None],
            Node::Paren(inner) => [Some(inner), None],
            Node::Aggregate(aggregate) => [aggregate.param.as_ref(), Some(&aggregate.expr)],
            Node::Binary(binary) => [Some(&binary.lhs), Some(&binary.rhs)],
        }
    }

    /// The expression inside all parentheses around it.
    pub fn without_parens(&self) -> &Self {
        match &self.node {
            Node::Paren(inner) => inner.without_parens(),
            _ => self,
        }
    }
}
