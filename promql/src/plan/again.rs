//! Plans that are run again: a dashboard and a rule ask the same each time, only later, and planning takes longer than a small
//! answer.
//!
//! Of the times of a query, a plan depends on its steps and on distances, which stay, and on instants, to which
//! [`Shift`] adds what has passed since the plan was made. Series are not part of the plan: they are chosen anew
//! each time, as the planner chose them, and if they are not of the same kind, or not about as many, the plan does not fit.
//! A query with an instant that does not move with it, or one that decides more than literals, is planned each time.

use std::cell::{Cell, RefCell};

use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::{Expr, lit};
use narthex_model::{Matcher, Result, TimeRange, TimestampMs};

use super::Planner;
use super::charges::Charges;
use super::columns::call;
use super::decode::{Body, QueryPlan};
use crate::functions::meeting::Meeting;
use crate::functions::shifted::Shift;
use crate::source::{SelectedSeries, SeriesSource};

/// Instants and distances beyond these might overflow when they are moved. They are 35,000 years away.
const FAR_MS: u64 = 1 << 50;

/// What the planner learns of whether its plan can be run again.
#[derive(Debug, Default)]
pub(super) struct Again {
    shift: Shift,
    /// Nobody wants to, or something stands in the plan that only holds for its own times.
    never: Cell<bool>,
    choices: RefCell<Vec<Choice>>,
}

/// What a selector asked for, and what it got.
#[derive(Debug)]
struct Choice {
    matchers: Vec<Matcher>,
    range: TimeRange,
    newest: bool,
    /// Floats in each vector that is made of the series; `None` if their samples were counted before.
    width: Option<usize>,
    schema: SchemaRef,
    series: usize,
}

/// What is asked of a source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) matchers: &'a [Matcher],
    pub(super) range: TimeRange,
    /// Whether only the newest sample of each series counts.
    pub(super) newest: bool,
}

impl Wish<'_> {
    /// What the source has.
    pub(super) fn of(&self, source: &dyn SeriesSource) -> Result<SelectedSeries> {
        match self.newest {
            true => source.select_newest(self.matchers, self.range),
            false => source.select(self.matchers, self.range),
        }
    }
}

impl Again {
    /// For a plan that is run again, if somebody `wants` it.
    pub(super) fn new(wants: bool) -> Self {
        let again = Self::default();
        again.never.set(!wants);
        again
    }

    /// By how much later the plan will run.
    pub(super) fn shift(&self) -> Shift {
        self.shift.clone()
    }

    /// The plan only holds for its own times.
    pub(super) fn never(&self) {
        self.never.set(true);
    }

    /// `wish` was granted.
    pub(super) fn chose(&self, wish: Wish<'_>, width: Option<usize>, got: &SelectedSeries) {
        if self.never.get() {
            return;
        }
        self.choices.borrow_mut().push(Choice {
            matchers: wish.matchers.to_vec(),
            range: wish.range,
            newest: wish.newest,
            width,
            schema: got.table.schema(),
            series: got.series,
        });
    }

    /// What there is to know when all is planned; `None` if the plan cannot be run again.
    pub(super) fn finish(self, samples_max: u64) -> Option<Movable> {
        let choices = self.choices.into_inner();
        let near = |choice: &Choice| is_near(choice.range.start) && is_near(choice.range.end);
        (!self.never.get() && choices.iter().all(near)).then_some(Movable {
            shift: self.shift,
            choices,
            samples_max,
        })
    }
}

impl Planner<'_> {
    /// The instant `t` as an argument: it moves with the query.
    pub(super) fn instant(&self, t: TimestampMs) -> Expr {
        match self.again.never.get() {
            true => lit(t),
            false => call(&self.again.shift.udf(), vec![lit(t)]),
        }
    }
}

/// How a plan is moved to other times.
#[derive(Debug)]
pub(super) struct Movable {
    shift: Shift,
    choices: Vec<Choice>,
    samples_max: u64,
}

impl QueryPlan {
    /// Whether [`QueryPlan::move_to`] may succeed.
    pub fn is_movable(&self) -> bool {
        self.movable.is_some()
            && is_near(self.grid.start)
            && matches!(self.body, Body::Vector | Body::Scalar)
    }

    /// Makes this the plan of the same query whose first instant is `start`, as if it had not been run yet. Gives the series that its
    /// selectors choose now, in the order in which it asked for them when it was planned; `None` if it does not fit them.
    ///
    /// # Errors
    /// Those of planning: a limit, or whatever the source says.
    pub fn move_to(
        &mut self,
        start: TimestampMs,
        source: &dyn SeriesSource,
    ) -> Result<Option<Vec<SelectedSeries>>> {
        let Some(movable) = self.movable.as_ref().filter(|_| is_near(start)) else {
            return Ok(None);
        };
        let later = start - self.planned_start;
        let Some(selected) = movable.choose(later, source)? else {
            return Ok(None);
        };
        movable.shift.set(later);
        self.grid.start = start;
        self.notes.begin_again();
        self.meetings.iter().for_each(Meeting::forget);
        Ok(Some(selected))
    }
}

impl Movable {
    /// The series of all selectors, that much later.
    fn choose(&self, later: i64, source: &dyn SeriesSource) -> Result<Option<Vec<SelectedSeries>>> {
        let charges = Charges::new(self.samples_max);
        let mut all = Vec::with_capacity(self.choices.len());
        for choice in &self.choices {
            let range = TimeRange::new(choice.range.start + later, choice.range.end + later);
            let wish = Wish {
                matchers: &choice.matchers,
                range,
                newest: choice.newest,
            };
            let selected = wish.of(source)?;
            if !choice.is_like(&selected) {
                return Ok(None);
            }
            if let Some(width) = choice.width {
                charges.add(selected.samples_max)?;
                charges.add_vectors(selected.series, width)?;
            }
            all.push(selected);
        }
        Ok(Some(all))
    }
}

impl Choice {
    /// Whether a plan for these series is good for `other`, too: with many more, joins are made in another way.
    fn is_like(&self, other: &SelectedSeries) -> bool {
        let magnitude = |series: usize| series.checked_ilog2();
        magnitude(self.series) == magnitude(other.series) && self.schema == other.table.schema()
    }
}

fn is_near(t: TimestampMs) -> bool {
    t.unsigned_abs() < FAR_MS
}
