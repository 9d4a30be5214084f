//! A planned query as a tree in PromQL's words, with what the planner decided about its parts: the logical plan of EXPLAIN.

use std::cell::RefCell;
use std::ptr;

use narthex_model::TimeRange;
use narthex_syntax::{head, operands};

use super::Grid;
use super::common::Common;
use super::invariant::Invariants;
use crate::ast::{Expr, Node, Subquery, VectorSelector};

/// A node of a query as the planner sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The node in PromQL's words, its operands left out.
    pub text: String,
    /// What the planner does about it that PromQL does not say.
    pub remarks: Vec<&'static str>,
    /// What a selector chose.
    pub chosen: Option<Chosen>,
    /// The instants inside of a subquery.
    pub grid: Option<Grid>,
    /// Its operands.
    pub inputs: Vec<Self>,
}

/// The series of a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// How many.
    pub series: u64,
    /// At most this many float samples are read of them.
    pub samples_max: u64,
    /// The times of samples that matter.
    pub range: TimeRange,
}

/// What was decided while planning, by the place of the node in the tree.
#[derive(Default)]
pub(super) struct Decisions {
    /// A selector may be planned on several grids.
    chosen: RefCell<Vec<(*const VectorSelector, (Grid, Chosen))>>,
    grids: RefCell<Vec<(*const Subquery, Grid)>>,
}

impl Decisions {
    /// Notes what a selector chose on a grid.
    pub(super) fn chose(&self, selector: &VectorSelector, grid: Grid, chosen: Chosen) {
        let mut all = self.chosen.borrow_mut();
        all.push((ptr::from_ref(selector), (grid, chosen)));
    }

    /// Notes the instants inside of a subquery.
    pub(super) fn laid(&self, subquery: &Subquery, grid: Grid) {
        self.grids
            .borrow_mut()
            .push((ptr::from_ref(subquery), grid));
    }

    fn chosen(&self, expr: &Expr, grid: Grid) -> Option<Chosen> {
        let selector = match &expr.node {
            Node::Vector(selector) => selector,
            Node::Matrix(matrix) => &matrix.vector,
            _ => return None,
        };
        let all = self.chosen.borrow();
        let mut known = all.iter().filter(|(known, _)| ptr::eq(*known, selector));
        // What is the same at all steps was planned on another grid.
        let on_grid = known.clone().find(|(_, (planned, _))| *planned == grid);
        on_grid
            .or_else(|| known.next())
            .map(|(_, (_, chosen))| *chosen)
    }

    fn grid(&self, expr: &Expr) -> Option<Grid> {
        let Node::Subquery(subquery) = &expr.node else {
            return None;
        };
        let all = self.grids.borrow();
        let mut known = all.iter().rev();
        let known = known.find(|(known, _)| ptr::eq(*known, subquery.as_ref()));
        known.map(|(_, grid)| *grid)
    }
}

/// Draws the tree of one query.
pub(super) struct Drawing<'a> {
    decisions: &'a Decisions,
    common: &'a Common<'a>,
    invariants: &'a Invariants,
    /// Expressions that stand several times and are drawn already, each with its grid.
    drawn: Vec<(*const Expr, Grid)>,
}

/// Where a part of the tree stands.
#[derive(Clone, Copy)]
struct Place {
    grid: Grid,
    /// Inside of what is evaluated once for all steps.
    is_pinned: bool,
}

impl<'a> Drawing<'a> {
    /// Nothing drawn yet.
    pub(super) fn new(
        decisions: &'a Decisions,
        common: &'a Common<'a>,
        invariants: &'a Invariants,
    ) -> Self {
        Self {
            decisions,
            common,
            invariants,
            drawn: Vec::new(),
        }
    }

    /// The outline of `expr`, the whole query, on `grid`.
    pub(super) fn draw(&mut self, expr: &Expr, grid: Grid) -> Outline {
        let is_pinned = grid.steps == 1;
        self.part(expr.without_parens(), Place { grid, is_pinned })
    }

    /// From right to left: of equals the last one is drawn whole.
    fn part(&mut self, expr: &Expr, place: Place) -> Outline {
        let pinned = !place.is_pinned && self.invariants.contains(expr);
        let mut remarks = Vec::new();
        if pinned {
            remarks.push("the same at all steps: evaluated once");
        }
        // The planner has seen the last of equals alone.
        let stands_for = self.common.stands_for(expr);
        let seen = stands_for.map(|last| (ptr::from_ref(last), place.grid));
        let is_drawn = seen.is_some_and(|seen| self.drawn.contains(&seen));
        if is_drawn {
            remarks.push("as below: evaluated once");
        }
        self.drawn.extend(seen);
        let planned = stands_for.unwrap_or(expr);
        let grid = self.decisions.grid(planned);
        let inside = Place {
            grid: grid.unwrap_or(place.grid),
            is_pinned: grid.is_none() && (place.is_pinned || pinned),
        };
        let parts: Vec<_> = operands(planned).filter(|_| !is_drawn).collect();
        let inputs = parts.into_iter().rev().map(|part| self.part(part, inside));
        let mut inputs: Vec<_> = inputs.collect();
        inputs.reverse();
        Outline {
            text: head(expr),
            remarks,
            chosen: self.decisions.chosen(planned, place.grid),
            grid,
            inputs,
        }
    }
}
