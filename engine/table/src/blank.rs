//! A plan without its series: where they were read, there is a blank that other series can fill.
//!
//! A plan that waits to be run again must hold no selection: that would keep blocks and chunks which are long gone.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::ReplaceChildrenOptions;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

use crate::read::ReadExec;
use crate::series::SeriesTable;
use crate::series_columns::SeriesColumns;

/// In the place of an operator that reads series.
#[derive(Debug)]
pub struct BlankExec {
    columns: Arc<SeriesColumns>,
    properties: Arc<PlanProperties>,
}

impl BlankExec {
    /// In the place of `reader`; `None` if it does not read rows that are series.
    pub fn of(reader: &ReadExec) -> Option<Self> {
        Some(Self {
            columns: reader.series_columns()?.clone(),
            properties: reader.properties().clone(),
        })
    }

    /// Which of the selections of its query it wants, by the number that [`SeriesTable::new`] was given.
    pub fn number(&self) -> usize {
        self.columns.number
    }

    /// An operator that reads the series of `table`, whose columns are those of the table before; `None` if it would have another number
    /// of partitions.
    ///
    /// # Errors
    /// DataFusion's, which is our bug.
    pub fn filled(&self, table: &SeriesTable) -> Result<Option<ReadExec>> {
        let reader = table.reader(&self.columns, Some(self.properties.clone()))?;
        let partitions = self.properties.output_partitioning().partition_count();
        Ok((reader.input_partitions() == partitions).then_some(reader))
    }
}

impl DisplayAs for BlankExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlankExec")
    }
}

impl ExecutionPlan for BlankExec {
    fn name(&self) -> &str {
        "BlankExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        internal_err!("a blank that nobody has filled")
    }
}
