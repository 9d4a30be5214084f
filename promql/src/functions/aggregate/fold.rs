//! Aggregations whose state is a few numbers per group and step.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::NullBuffer;
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::{of_points, states_of_each};
use crate::steps::{StepVectors, bits};

/// How points are folded into a state of `N` numbers.
pub(super) trait Fold<const N: usize>: Copy + Send + Sync + 'static {
    /// The state of one point.
    fn start(&self, v: f64) -> [f64; N];

    /// The state after one more point.
    fn add(&self, state: [f64; N], v: f64) -> [f64; N];

    /// The state of two disjoint sets of points.
    fn merge(&self, a: [f64; N], b: [f64; N]) -> [f64; N];

    /// The result.
    fn finish(&self, state: [f64; N]) -> f64;
}

/// States of all groups, `groups * steps` of them, and which have seen a point.
pub(super) struct FoldAccumulator<F, const N: usize> {
    fold: F,
    steps: usize,
    states: Vec<[f64; N]>,
    seen: Vec<bool>,
}

impl<F: Fold<N>, const N: usize> FoldAccumulator<F, N> {
    pub(super) fn new(fold: F, steps: usize) -> Self {
        Self {
            fold,
            steps,
            states: Vec::new(),
            seen: Vec::new(),
        }
    }

    fn grow(&mut self, groups: usize) {
        let points = groups * self.steps;
        if self.seen.len() < points {
            self.seen.resize(points, false);
            self.states.resize(points, [0.0; N]);
        }
    }

    /// The states of a group, to be changed.
    fn group(&mut self, group: usize) -> (&mut [[f64; N]], &mut [bool]) {
        let points = group * self.steps..(group + 1) * self.steps;
        (&mut self.states[points.clone()], &mut self.seen[points])
    }

    fn add_row(&mut self, group: usize, vectors: &StepVectors, row: usize) {
        let values = vectors.row(row);
        match vectors.row_present(row) {
            None => self.add_points(group, 0..self.steps, values),
            Some(present) => {
                for (from, to) in present.set_slices() {
                    self.add_points(group, from..to, values);
                }
            }
        }
    }

    /// Adds the `values` at `steps`, which are all there.
    fn add_points(&mut self, group: usize, steps: Range<usize>, values: &[f64]) {
        let fold = self.fold;
        let (states, seen) = self.group(group);
        let (states, seen) = (&mut states[steps.clone()], &mut seen[steps.clone()]);
        let points = states.iter_mut().zip(&values[steps]);
        // The usual case, without a branch per point.
        if seen.iter().fold(true, |all, seen| all & seen) {
            return points.for_each(|(state, v)| *state = fold.add(*state, *v));
        }
        for ((state, v), seen) in points.zip(seen) {
            *state = match *seen {
                true => fold.add(*state, *v),
                false => fold.start(*v),
            };
            *seen = true;
        }
    }

    fn take(&mut self, emit_to: EmitTo) -> (Vec<[f64; N]>, NullBuffer) {
        let emit_to = of_points(emit_to, self.steps);
        let states = emit_to.take_needed(&mut self.states);
        let seen = emit_to.take_needed(&mut self.seen);
        (states, NullBuffer::new(bits(&seen)))
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

impl<F: Fold<N>, const N: usize> GroupsAccumulator for FoldAccumulator<F, N> {
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
        let (states, seen) = self.take(emit_to);
        let values = states.into_iter().map(|state| self.fold.finish(state));
        self.vectors(values.collect(), &seen)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (states, seen) = self.take(emit_to);
        let column = |i: usize| states.iter().map(|state| state[i]).collect();
        (0..N).map(|i| self.vectors(column(i), &seen)).collect()
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
            let (states, seen) = self.group(*group);
            points.for_each(row, |step, _| {
                let mut other = [0.0; N];
                let numbers = other.iter_mut().zip(&columns);
                numbers.for_each(|(slot, column)| *slot = column.row(row)[step]);
                let before = seen[step].then_some(states[step]);
                states[step] = before.map_or(other, |before| fold.merge(before, other));
                seen[step] = true;
            });
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        states_of_each(Self::new(self.fold, self.steps), values, filter)
    }

    fn size(&self) -> usize {
        // The states, and the result that is made of them.
        let point = size_of::<[f64; N]>() + size_of::<bool>() + size_of::<f64>();
        self.states.capacity() * point
    }
}
