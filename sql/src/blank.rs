//! The operators of a plan without the series that they read, which are filled in when it is run again.

use std::cell::Cell;
use std::sync::Arc;

use datafusion::common::Result as DataFusionResult;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::prelude::SessionConfig;
use narthex_model::Result;
use narthex_promql::SelectedSeries;
use narthex_table::{BlankExec, SeriesTable};

use crate::error::from_datafusion;
use crate::run::Ready;

/// A plan without its series.
pub(crate) struct Blank {
    plan: Arc<dyn ExecutionPlan>,
    config: SessionConfig,
}

impl Blank {
    /// What is left of a plan without the series it was made for.
    ///
    /// # Errors
    /// DataFusion's, which is our bug.
    pub(crate) fn of(ready: &Ready) -> Result<Self> {
        let plan = renewed(&ready.plan, &|leaf| {
            let blank = leaf.downcast_ref().and_then(BlankExec::of);
            Ok(blank.map(|blank| Arc::new(blank) as _))
        });
        Ok(Self {
            plan: plan.map_err(from_datafusion)?,
            config: ready.config.clone(),
        })
    }

    /// Whether it was made for so many partitions.
    pub(crate) fn has_partitions(&self, partitions: usize) -> bool {
        self.config.target_partitions() == partitions
    }

    /// A plan for `series`, by their numbers; `None` if it does not fit them.
    ///
    /// # Errors
    /// DataFusion's, which is our bug.
    pub(crate) fn filled(&self, series: &[SelectedSeries]) -> Result<Option<Ready>> {
        let misfit = Cell::new(false);
        let plan = renewed(&self.plan, &|leaf| {
            let Some(blank) = leaf.downcast_ref::<BlankExec>() else {
                return Ok(None);
            };
            let table = series.get(blank.number());
            let table = table.and_then(|series| series.table.downcast_ref::<SeriesTable>());
            let reader = table
                .map(|table| blank.filled(table))
                .transpose()?
                .flatten();
            misfit.set(misfit.get() || reader.is_none());
            Ok(reader.map(|reader| Arc::new(reader) as _))
        });
        let plan = plan.map_err(from_datafusion)?;
        Ok((!misfit.get()).then(|| Ready {
            plan,
            config: self.config.clone(),
        }))
    }
}

/// The operators of `plan` as if they had never run, and in the place of those for which `other` has one, that.
fn renewed(
    plan: &Arc<dyn ExecutionPlan>,
    other: &impl Fn(&dyn ExecutionPlan) -> DataFusionResult<Option<Arc<dyn ExecutionPlan>>>,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    if let Some(other) = other(plan.as_ref())? {
        return Ok(other);
    }
    let children = plan.children().into_iter();
    let children = children.map(|child| renewed(child, other));
    let children = children.collect::<DataFusionResult<Vec<_>>>()?;
    let fresh = plan.clone().reset_state()?;
    match children.is_empty() {
        true => Ok(fresh),
        false => {
            let same = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep);
            fresh.replace_children(children, same)
        }
    }
}
