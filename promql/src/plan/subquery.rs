//! Subqueries: the inner expression on a finer grid of its own, turned back into samples.

use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use narthex_model::{Error, HISTOGRAMS_COLUMN, Result, TIMESTAMPS_COLUMN, VALUES_COLUMN};

use super::columns::{call, label};
use super::vector::{Samples, Vector};
use super::{Planned, Planner, planning};
use crate::ast::Subquery;
use crate::functions::counted::Looks;
use crate::functions::grid::GridColumn;
use crate::functions::plan_function::PlanFunction;

/// More instants in one subquery are refused.
const STEPS_MAX: usize = 5_000_000;

impl Planner<'_> {
    pub(super) fn subquery(&self, subquery: &Subquery) -> Result<Samples> {
        let range = self.positive_duration(&subquery.range)?;
        let step = subquery.step.as_ref();
        let step = step.map_or(Ok(0), |step| self.positive_duration(step))?;
        let step = match step {
            // Not given, or below a millisecond.
            0 => self.params.subquery_step_ms,
            given => given,
        };
        let windows = self.windows(range, &subquery.modifiers)?;
        // Their number depends on where the windows lie.
        self.again.never();
        let grid = windows.aligned(step);
        if grid.steps > STEPS_MAX {
            return Err(Error::limit(format!(
                "a subquery of {} steps is too long (at most {STEPS_MAX}): use a larger step or a shorter range",
                grid.steps
            )));
        }
        self.decisions.laid(subquery, grid);
        // What is inside does not count: its results do.
        let inner = Planner {
            counts: None,
            ..self.on_grid(grid)
        };
        self.charges.add_vectors(1, self.width(grid.steps, false))?;
        let vector = match inner.plan(&subquery.expr)? {
            Planned::Vector(vector) => vector,
            scalar => inner.scalar_vector(scalar)?,
        };
        // A series must be one row here: its windows look at several steps at once.
        let vector = if vector.distinct {
            vector
        } else {
            vector.merged()?
        };
        let histograms = vector.is_mixed();
        let Vector {
            plan,
            labels,
            distinct,
            names,
        } = vector;
        let value = super::columns::column(super::columns::VALUE);
        let on_grid = vec![value.clone(), lit(grid.start), lit(grid.interval)];
        let times = call(&GridColumn::Times.udf(), on_grid.clone());
        let values = call(&GridColumn::Values.udf(), vec![value]);
        let mut samples = vec![times.alias(TIMESTAMPS_COLUMN), values.alias(VALUES_COLUMN)];
        if histograms {
            let histograms = call(&GridColumn::Histograms.udf(), on_grid);
            samples.push(histograms.alias(HISTOGRAMS_COLUMN));
        }
        let columns = labels.iter().map(|l| label(l));
        let columns = columns.chain(names.column()).chain(samples);
        let plan = LogicalPlanBuilder::from(plan)
            .project(columns)
            .and_then(LogicalPlanBuilder::build);
        self.counted(
            Samples {
                plan: plan.map_err(planning)?,
                labels,
                distinct,
                first_end: lit(windows.first_end),
                windows,
                metric: None,
                names,
                reach: None,
                histograms,
                starts: false,
            },
            Looks::AtAll,
        )
    }
}
