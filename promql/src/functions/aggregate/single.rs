//! An aggregation without groups, on top of one with groups.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use arrow::array::ArrayRef;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// Puts every row into group 0.
pub(super) struct SingleGroup {
    /// `Accumulator` asks for `Sync`, which a groups accumulator does not promise; the lock is never contended.
    groups: Mutex<Box<dyn GroupsAccumulator>>,
}

impl SingleGroup {
    pub(super) fn new(groups: Box<dyn GroupsAccumulator>) -> Self {
        Self {
            groups: Mutex::new(groups),
        }
    }

    fn groups(&mut self) -> &mut dyn GroupsAccumulator {
        self.groups
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
    }

    /// The accumulator, with the group made even if no row came.
    fn filled(&mut self) -> Result<&mut dyn GroupsAccumulator> {
        let groups = self.groups();
        groups.merge_batch(&[], &[], 1)?;
        Ok(groups)
    }
}

impl fmt::Debug for SingleGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SingleGroup")
    }
}

impl Accumulator for SingleGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, arrow::array::Array::len);
        self.groups().update_batch(values, &vec![0; rows], None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.filled()?.evaluate(EmitTo::All)?, 0)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.groups.lock().map_or(0, |groups| groups.size())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let columns = self.filled()?.state(EmitTo::All)?;
        columns
            .iter()
            .map(|column| ScalarValue::try_from_array(column, 0))
            .collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let rows = states.first().map_or(0, arrow::array::Array::len);
        self.groups().merge_batch(states, &vec![0; rows], 1)
    }
}
