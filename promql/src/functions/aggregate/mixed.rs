//! `sum` and `avg` where points may be native histograms: these are added to each other; floats beside histograms have no sum.
//!
//! The state is that of the floats, then lists of histograms (two per step: the sum, and what rounding lost), their counts and
//! their flags, as step vectors.

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::fold::FoldAccumulator;
use super::{folds, of_points, states_of_each};
use crate::histogram::{FloatHistogram, HistogramNote, Incompatible, Partial, Point};
use crate::mixed::{
    HistogramListWriter, HistogramLists, MixedVectors, MixedWriter, histogram_lists_type,
};
use crate::notes::{Note, Speaker};
use crate::steps::{StepVectors, StepWriter, step_type};

/// Names and types of the state columns after those of the floats.
pub(super) fn state_types(steps: usize) -> [(&'static str, DataType); 3] {
    [
        ("histograms", histogram_lists_type()),
        ("counts", step_type(steps)),
        ("flags", step_type(steps)),
    ]
}

/// Sums or means of groups, step by step.
pub(super) struct MixedAccumulator {
    /// The floats of the same groups.
    floats: Box<dyn GroupsAccumulator>,
    mean: bool,
    steps: usize,
    speaker: Option<Speaker>,
    /// `groups * steps` of them.
    cells: Vec<Cell>,
}

/// The histograms of a group at a step.
#[derive(Debug, Clone, Default)]
enum Cell {
    #[default]
    Empty,
    Total(Box<Partial>),
    /// Some do not go together.
    Broken,
}

/// The flag of a broken cell; those below are the total's own.
const BROKEN: u8 = 1 << 7;

impl Cell {
    fn add(&mut self, histogram: &FloatHistogram, mean: bool) {
        match self {
            Self::Empty => *self = Self::Total(Box::new(Partial::new(histogram, mean))),
            Self::Total(total) => {
                if let Err(Incompatible) = total.add(histogram) {
                    *self = Self::Broken;
                }
            }
            Self::Broken => {}
        }
    }

    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (_, Self::Empty) | (Self::Broken, _) => {}
            (Self::Empty, other) => *self = other,
            (_, Self::Broken) => *self = Self::Broken,
            (Self::Total(mine), Self::Total(other)) => {
                if let Err(Incompatible) = mine.merge(&other) {
                    *self = Self::Broken;
                }
            }
        }
    }
}

impl MixedAccumulator {
    pub(super) fn new(mean: bool, steps: usize, speaker: Option<Speaker>) -> Self {
        let floats: Box<dyn GroupsAccumulator> = if mean {
            Box::new(FoldAccumulator::new(folds::Avg, steps))
        } else {
            Box::new(FoldAccumulator::new(folds::Sum, steps))
        };
        Self {
            floats,
            mean,
            steps,
            speaker,
            cells: Vec::new(),
        }
    }

    fn grow(&mut self, groups: usize) {
        let cells = (groups * self.steps).max(self.cells.len());
        self.cells.resize(cells, Cell::Empty);
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Cell> {
        of_points(emit_to, self.steps).take_needed(&mut self.cells)
    }

    fn say(&self, note: &Note<'_>) {
        if let Some(speaker) = &self.speaker {
            speaker.say(note);
        }
    }

    /// What a group has at a step.
    fn point(&self, float: Option<f64>, cell: Cell) -> Option<Point> {
        match (float, cell) {
            (float, Cell::Empty) => float.map(Point::Float),
            (Some(_), _) => {
                self.say(&Note::MixedFloatsHistogramsAggregation);
                None
            }
            (None, Cell::Broken) => {
                self.say(&Note::MixedExponentialCustom { metric: "" });
                None
            }
            (None, Cell::Total(total)) => {
                let total = total.finish();
                for note in total.notes() {
                    self.say_of(note);
                }
                Some(Point::Histogram(total.histogram))
            }
        }
    }

    fn say_of(&self, note: HistogramNote) {
        match note {
            HistogramNote::ResetCollision(operation) => {
                let operation = operation.name();
                self.say(&Note::CounterResetCollision { operation });
            }
            HistogramNote::Reconciled(operation) => {
                let operation = operation.name();
                self.say(&Note::MismatchedCustomBuckets { operation });
            }
            _ => {}
        }
    }
}

impl GroupsAccumulator for MixedAccumulator {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        self.floats
            .update_batch(values, group_indices, filter, groups)?;
        self.grow(groups);
        let vectors = MixedVectors::from_array(&values[0])?;
        for (row, group) in group_indices.iter().enumerate() {
            if filter.is_none_or(|f| f.is_valid(row) && f.value(row)) {
                for (step, histogram) in vectors.histograms(row) {
                    self.cells[group * self.steps + step].add(&histogram, self.mean);
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let floats = StepVectors::from_array(&self.floats.evaluate(emit_to)?)?;
        let mut cells = self.take(emit_to).into_iter();
        let mut out = MixedWriter::new(floats.rows(), self.steps);
        for group in 0..floats.rows() {
            let mut row = vec![None; self.steps];
            floats.for_each(group, |step, v| row[step] = Some(v));
            let points = row.into_iter().zip(cells.by_ref());
            let points = points.map(|(float, cell)| self.point(float, cell));
            out.push_row(points.collect::<Vec<_>>());
        }
        out.finish()
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut columns = self.floats.state(emit_to)?;
        let groups = columns.first().map_or(0, Array::len);
        let cells = self.take(emit_to);
        let mut histograms = HistogramListWriter::default();
        let mut counts = StepWriter::new(groups, self.steps);
        let mut flags = StepWriter::new(groups, self.steps);
        for (at, cell) in cells.into_iter().enumerate() {
            let (group, step) = (at / self.steps, at % self.steps);
            match cell {
                Cell::Empty => {}
                Cell::Broken => flags.row_mut(group).set(step, f64::from(BROKEN)),
                Cell::Total(total) => {
                    for half in total.halves() {
                        histograms.push(step as i64, &half);
                    }
                    counts.row_mut(group).set(step, total.count());
                    flags.row_mut(group).set(step, f64::from(total.flags()));
                }
            }
            if step + 1 == self.steps {
                histograms.end_row();
            }
        }
        columns.push(histograms.finish()?);
        columns.push(counts.finish().into_array()?);
        columns.push(flags.finish().into_array()?);
        Ok(columns)
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        groups: usize,
    ) -> Result<()> {
        self.grow(groups);
        let Some((floats, [histograms, counts, flags])) = values.split_last_chunk::<3>() else {
            return self.floats.merge_batch(values, group_indices, groups);
        };
        self.floats.merge_batch(floats, group_indices, groups)?;
        let histograms = HistogramLists::of(histograms)?;
        let counts = StepVectors::from_array(counts)?;
        let flags = StepVectors::from_array(flags)?;
        for (row, group) in group_indices.iter().enumerate() {
            let mut next = 0;
            let mut steps = Vec::new();
            flags.for_each(row, |step, flags| steps.push((step, flags as u8)));
            for (step, flags) in steps {
                let cell = if flags == BROKEN {
                    Cell::Broken
                } else if next + 1 < histograms.at(row).len() {
                    let halves = [histograms.get(row, next), histograms.get(row, next + 1)];
                    next += 2;
                    let count = counts.row(row)[step];
                    Cell::Total(Box::new(Partial::of_state(
                        &halves, count, flags, self.mean,
                    )))
                } else {
                    return internal_err!("a sum of histograms lacks its halves");
                };
                self.cells[group * self.steps + step].merge(cell);
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        states_of_each(Self::new(self.mean, self.steps, None), values, filter)
    }

    fn size(&self) -> usize {
        self.floats.size() + self.cells.capacity() * (size_of::<Cell>() + size_of::<Partial>())
    }
}
