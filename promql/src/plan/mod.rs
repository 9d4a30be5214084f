//! From a checked syntax tree to a DataFusion plan: one file per kind of node.
//!
//! A plan's rows are series. An instant vector has one column per label and `#value`, a step vector; a range vector has
//! `#timestamps` and `#values`, lists of samples.

mod again;
mod aggregate;
mod arithmetic;
mod buckets;
mod call;
mod charges;
mod columns;
mod common;
mod count_values;
mod decode;
mod duration;
mod fill;
mod histogram;
mod info;
mod invariant;
mod matching;
mod names;
mod native;
mod order;
mod outline;
mod pairs;
mod scalar;
mod selector;
mod sets;
mod special;
mod split;
mod subquery;
mod vector;
mod window;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::logical_expr::{LogicalPlan, lit};
use narthex_model::{Error, ErrorKind, Result, TimestampMs};

use crate::ast::{Expr, Node, Span};
use crate::check_extensions;
use crate::functions::counted::SampleCounts;
use crate::functions::meeting::Meeting;
use crate::functions::plan_function::PlanFunction;
use crate::functions::repeat::Repeat;
use crate::notes::{Notes, Speaker};
use crate::source::SeriesSource;
use again::Again;
use buckets::Buckets;
use charges::Charges;
use columns::{VALUE, call, column};
use common::Common;
use decode::Body;
pub use decode::QueryPlan;
use invariant::Invariants;
use names::Names;
use order::Order;
pub use outline::{Chosen, Outline};
use outline::{Decisions, Drawing};
use vector::{Samples, Vector, project};
pub use window::Grid;

/// How a query is evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct EvalParams {
    /// The instants.
    pub grid: Grid,
    /// The end that was asked for, for `@ end()`, `end()` and `range()`: perhaps after the last instant.
    pub end: TimestampMs,
    /// Whether it is an instant query: the answer is a vector, not a matrix. The grid then has one instant.
    pub instant: bool,
    /// How far an instant selector looks back, in milliseconds.
    pub lookback_ms: i64,
    /// The step of subqueries that name none, in milliseconds.
    pub subquery_step_ms: i64,
    /// A query that may load more samples is refused.
    pub samples_max: u64,
    /// Whether metrics' names are removed at the end of the query, not at once.
    pub delayed_names: bool,
    /// Whether `rate` and its like heed since when samples count.
    pub start_timestamps: bool,
    /// Whether the answer is read with [`QueryPlan::decode`], which refuses what only the whole answer tells to be wrong. Where it is
    /// not, the plan refuses a little more.
    pub decoded: bool,
    /// Whether [`QueryPlan::outline`] is wanted.
    pub outlined: bool,
    /// Whether [`QueryPlan::move_to`] is wanted.
    pub movable: bool,
    /// Whether [`QueryPlan::samples_per_step`] is wanted: running the plan then takes longer.
    pub counted: bool,
}

/// A native histogram counts as so many floats where work or memory is bounded: it is about as much.
const HISTOGRAM_SAMPLES: usize = 32;

/// Plans what the parser has read from `query` and checked, over the series of `source`.
///
/// # Errors
/// `Invalid` for what is not supported yet or can only be checked here, `Limit` beyond `samples_max`, and whatever the source says.
pub fn plan(
    expr: &Expr,
    query: &str,
    source: &dyn SeriesSource,
    params: &EvalParams,
) -> Result<QueryPlan> {
    check_extensions(expr)?;
    let again = Again::new(params.movable && !params.counted);
    let notes = Notes::new(query, again.shift());
    let meetings = Meetings::default();
    let (common, invariants) = (Common::of(expr), Invariants::of(expr));
    let decisions = Decisions::default();
    let counts = params.counted.then(|| SampleCounts::new(params.grid.steps));
    let widest = Cell::new(params.grid.steps);
    let planner = Planner {
        params,
        source,
        grid: params.grid,
        charges: &Charges::new(params.samples_max),
        again: &again,
        widest: &widest,
        query: params.grid,
        notes: &notes,
        common: &common,
        invariants: &invariants,
        buckets: Buckets::Unsaid,
        meetings: &meetings,
        decisions: &decisions,
        counts: counts.as_ref(),
    };
    let (body, logical) = match planner.plan(expr)? {
        Planned::Number(v) => (Body::Number(v), None),
        Planned::Text(text) => (Body::Text(text), None),
        Planned::Scalar(plan) => (Body::Scalar, Some(plan)),
        Planned::Vector(vector) => (Body::Vector, Some(vector.without_dropped_names()?)),
        Planned::Samples(samples) => {
            let body = Body::Samples(samples.windows.clone(), samples.reach);
            (body, Some(samples.without_dropped_names()?))
        }
    };
    let mut drawing = Drawing::new(&decisions, &common, &invariants);
    let outline = params.outlined.then(|| drawing.draw(expr, params.grid));
    notes.keep_planned();
    Ok(QueryPlan {
        outline,
        body,
        logical,
        grid: params.grid,
        instant: params.instant,
        order: Order::of(expr),
        notes,
        meetings: meetings.into_inner(),
        counts,
        widest: widest.get(),
        planned_start: params.grid.start,
        movable: again.finish(params.samples_max),
    })
}

/// What an expression becomes.
enum Planned {
    /// A scalar known while planning.
    Number(f64),
    /// A string.
    Text(String),
    /// A scalar per step: one row, `#value` alone, without holes.
    Scalar(LogicalPlan),
    /// An instant vector.
    Vector(Vector),
    /// A range vector.
    Samples(Samples),
}

/// Plans expressions on one grid; a subquery makes another for its inside.
struct Planner<'a> {
    params: &'a EvalParams,
    source: &'a dyn SeriesSource,
    /// The instants of this expression.
    grid: Grid,
    /// The instants of the whole query, for `@ start()`, `@ end()`, `step()`, `range()`.
    query: Grid,
    /// What the selectors planned so far may load.
    charges: &'a Charges,
    /// Whether the plan can be run again.
    again: &'a Again,
    /// Steps of the longest vectors planned so far.
    widest: &'a Cell<usize>,
    /// What the query says besides its answer.
    notes: &'a Arc<Notes>,
    /// Which expressions stand several times.
    common: &'a Common<'a>,
    /// Which expressions are the same at all steps.
    invariants: &'a Invariants,
    /// Whether native histograms are taken for their counts and sums alone.
    buckets: Buckets,
    /// Errors that only the whole answer tells.
    meetings: &'a Meetings,
    /// What EXPLAIN may want to know.
    decisions: &'a Decisions,
    /// Who counts the samples that steps look at.
    counts: Option<&'a SampleCounts>,
}

/// The meetings of a query.
#[derive(Default)]
struct Meetings(RefCell<Vec<Meeting>>);

impl Meetings {
    /// One more, of a match whose `pairs` may be ambiguous.
    fn add(&self, pairs: bool) -> Meeting {
        let meeting = Meeting::new(pairs);
        self.0.borrow_mut().push(meeting.clone());
        meeting
    }

    fn into_inner(self) -> Vec<Meeting> {
        self.0.into_inner()
    }
}

impl<'a> Planner<'a> {
    fn plan(&self, expr: &Expr) -> Result<Planned> {
        if self.grid.steps > 1 && self.invariants.contains(expr) {
            return self.repeated(expr);
        }
        match self.common(expr) {
            Some(planned) => planned,
            None => self.plan_alone(expr),
        }
    }

    /// `expr` for itself, whether or not it stands elsewhere too.
    fn plan_alone(&self, expr: &Expr) -> Result<Planned> {
        let inside = Planner {
            buckets: self.buckets.inside(&expr.node),
            ..*self
        };
        inside.plan_node(expr)
    }

    /// What is the same at all steps, evaluated at the first and repeated.
    fn repeated(&self, expr: &Expr) -> Result<Planned> {
        let once = self.on_grid(Grid::instant(self.grid.start));
        let steps = lit(self.grid.steps as i64);
        let repeated = call(&Repeat.udf(), vec![column(VALUE), steps]);
        match once.plan(expr)? {
            Planned::Vector(vector) => vector.with_value(repeated).map(Planned::Vector),
            Planned::Scalar(plan) => project(plan, &[], repeated).map(Planned::Scalar),
            other => Ok(other),
        }
    }

    fn plan_node(&self, expr: &Expr) -> Result<Planned> {
        match &expr.node {
            Node::Number(number) => Ok(Planned::Number(number.value)),
            Node::String(text) => Ok(Planned::Text(text.clone())),
            Node::Paren(inner) => self.plan(inner),
            Node::Vector(selector) => {
                let vector = self.instant_selector(selector, expr.span)?;
                Ok(Planned::Vector(vector))
            }
            Node::Matrix(selector) => self.matrix_selector(selector).map(Planned::Samples),
            Node::Subquery(subquery) => self.subquery(subquery).map(Planned::Samples),
            Node::Call(call) => self.call(call, expr.span),
            Node::Aggregate(aggregate) => self.aggregate(aggregate).map(Planned::Vector),
            Node::Binary(binary) => self.binary(binary),
            Node::Unary(unary) => self.unary(unary),
        }
    }

    /// The same planner on another grid.
    fn on_grid(&self, grid: Grid) -> Self {
        Planner { grid, ..*self }
    }

    /// Who speaks for the expression at `span`; asked for after its operands are planned.
    fn speaker(&self, span: Span) -> Speaker {
        self.notes.speaker(span, self.grid)
    }

    /// How names of new vectors are treated.
    fn names(&self) -> Names {
        if self.params.delayed_names {
            Names::Kept
        } else {
            Names::Eager
        }
    }

    fn vector(&self, expr: &Expr) -> Result<Vector> {
        match self.plan(expr)? {
            Planned::Vector(vector) => Ok(vector),
            _ => Err(Error::internal(
                "the checker let a value pass that is no instant vector",
            )),
        }
    }

    fn samples(&self, expr: &Expr) -> Result<Samples> {
        match self.plan(expr)? {
            Planned::Samples(samples) => Ok(samples),
            _ => Err(Error::internal(
                "the checker let a value pass that is no range vector",
            )),
        }
    }

    fn text(&self, expr: &Expr) -> Result<String> {
        match self.plan(expr)? {
            Planned::Text(text) => Ok(text),
            _ => Err(Error::internal(
                "the checker let a value pass that is no string",
            )),
        }
    }

    /// Floats in a vector of `steps` steps, as far as room and work go.
    fn width(&self, steps: usize, histograms: bool) -> usize {
        let each = if histograms { HISTOGRAM_SAMPLES } else { 1 };
        let width = steps.saturating_mul(each);
        self.widest.set(self.widest.get().max(width));
        width
    }
}

/// Where notes place the argument `expr` of a call: as in Prometheus, which sees no parentheses around arguments and forgets where a
/// subquery stood.
fn blamed(expr: &Expr) -> Span {
    let expr = expr.without_parens();
    match expr.node {
        Node::Subquery(_) => Span::default(),
        _ => expr.span,
    }
}

/// Something the language has and this planner has not.
fn not_supported(what: &str) -> Error {
    Error::invalid(format!("{what} is not supported yet"))
}

/// DataFusion refuses a plan that this crate built: our bug.
fn planning(error: DataFusionError) -> Error {
    Error::new(ErrorKind::Internal, "the query plan could not be built").with_source(error)
}

/// An instant on the grid as PromQL's functions see it, in seconds.
fn seconds(t: TimestampMs) -> f64 {
    t as f64 / 1000.0
}
