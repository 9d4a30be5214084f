//! Aggregations whose state is a few numbers per group and step.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use crate::steps::StepVectors;

/// A state of up to three numbers; a fold uses the first [`Fold::COLUMNS`].
pub(super) type State = [f64; 3];

/// How points are folded into a state.
pub(super) trait Fold: Copy + Send + Sync + 'static {
    /// How many numbers of the state are used.
    const COLUMNS: usize;

    /// The state of one point.
    fn start(&self, v: f64) -> State;

    /// The state after one more point.
    fn add(&self, state: State, v: f64) -> State;

    /// The state of two disjoint sets of points.
    fn merge(&self, a: State, b: State) -> State;

    /// The result.
    fn finish(&self, state: State) -> f64;
}

/// States of all groups: columns of `groups * steps` numbers, and which of them have seen a point.
pub(super) struct FoldAccumulator<F> {
    fold: F,
    steps: usize,
    columns: [Vec<f64>; 3],
    seen: Vec<bool>,
}

impl<F: Fold> FoldAccumulator<F> {
    pub(super) fn new(fold: F, steps: usize) -> Self {
        Self {
            fold,
            steps,
            columns: Default::default(),
            seen: Vec::new(),
        }
    }

    fn grow(&mut self, groups: usize) {
        let points = groups * self.steps;
        if self.seen.len() < points {
            self.seen.resize(points, false);
            self.columns
                .iter_mut()
                .take(F::COLUMNS)
                .for_each(|c| c.resize(points, 0.0));
        }
    }

    fn state_at(&self, at: usize) -> State {
        let mut state = [0.0; 3];
        for (slot, column) in state.iter_mut().zip(&self.columns).take(F::COLUMNS) {
            *slot = column[at];
        }
        state
    }

    fn set(&mut self, at: usize, state: State) {
        for (column, v) in self.columns.iter_mut().zip(state).take(F::COLUMNS) {
            column[at] = v;
        }
        self.seen[at] = true;
    }

    fn add_row(&mut self, group: usize, vectors: &StepVectors, row: usize) {
        let base = group * self.steps;
        let fold = self.fold;
        vectors.for_each(row, |step, v| {
            let at = base + step;
            let state = if self.seen[at] {
                fold.add(self.state_at(at), v)
            } else {
                fold.start(v)
            };
            self.set(at, state);
        });
    }

    fn take(&mut self, emit_to: EmitTo) -> ([Vec<f64>; 3], Vec<bool>) {
        match emit_to {
            EmitTo::All => (
                std::mem::take(&mut self.columns),
                std::mem::take(&mut self.seen),
            ),
            EmitTo::First(groups) => {
                let points = groups * self.steps;
                let columns = self.columns.each_mut().map(|c| first(c, points));
                (columns, first(&mut self.seen, points))
            }
        }
    }

    fn vectors(&self, values: Vec<f64>, seen: &NullBuffer) -> Result<ArrayRef> {
        let present = Some(seen.clone()).filter(|p| p.null_count() > 0);
        StepVectors {
            steps: self.steps,
            values: values.into(),
            present,
        }
        .into_array()
    }
}

/// Takes the first `points` items out of `items`.
fn first<T>(items: &mut Vec<T>, points: usize) -> Vec<T> {
    let rest = items.split_off(points.min(items.len()));
    std::mem::replace(items, rest)
}

impl<F: Fold> GroupsAccumulator for FoldAccumulator<F> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        self.grow(groups);
        let vectors = StepVectors::from_array(&values[0])?;
        for (row, group) in group_indices.iter().enumerate() {
            if filter.is_none_or(|f| f.is_valid(row) && f.value(row)) {
                self.add_row(*group, &vectors, row);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (columns, seen) = self.take(emit_to);
        let mut values = Vec::with_capacity(seen.len());
        for at in 0..seen.len() {
            let mut state = [0.0; 3];
            for (slot, column) in state.iter_mut().zip(&columns).take(F::COLUMNS) {
                *slot = column[at];
            }
            values.push(self.fold.finish(state));
        }
        self.vectors(values, &NullBuffer::new(BooleanBuffer::from(seen)))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (columns, seen) = self.take(emit_to);
        let seen = NullBuffer::new(BooleanBuffer::from(seen));
        columns
            .into_iter()
            .take(F::COLUMNS)
            .map(|column| self.vectors(column, &seen))
            .collect()
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        groups: usize,
    ) -> Result<()> {
        self.grow(groups);
        let columns = values
            .iter()
            .map(|v| StepVectors::from_array(v))
            .collect::<Result<Vec<_>>>()?;
        let Some(points) = columns.first() else {
            return Ok(());
        };
        let fold = self.fold;
        for (row, group) in group_indices.iter().enumerate() {
            let base = group * self.steps;
            points.for_each(row, |step, _| {
                let mut other = [0.0; 3];
                other
                    .iter_mut()
                    .zip(&columns)
                    .for_each(|(slot, column)| *slot = column.row(row)[step]);
                let at = base + step;
                let state = if self.seen[at] {
                    fold.merge(self.state_at(at), other)
                } else {
                    other
                };
                self.set(at, state);
            });
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values[0].as_fixed_size_list().len();
        let mut each = Self::new(self.fold, self.steps);
        each.update_batch(values, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        let numbers: usize = self.columns.iter().map(Vec::capacity).sum();
        numbers * size_of::<f64>() + self.seen.capacity()
    }
}
