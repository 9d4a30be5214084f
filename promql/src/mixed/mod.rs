//! Mixed vectors: at each step of a series a float, a native histogram, or nothing.
//!
//! As an Arrow column a mixed vector is `Struct{floats, histograms}`: step vectors beside lists of histograms, `at` being the
//! step. Plans have such columns only where histograms may occur; functions that know floats alone see the
//! floats ([`crate::steps::StepVectors::from_array`]). Everything here takes its time per point: histograms are few.

mod lists;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, internal_err};

pub(crate) use lists::{HistogramListWriter, HistogramLists, histogram_lists_type};

use crate::histogram::{FloatHistogram, Point};
use crate::steps::{StepVectors, StepWriter, step_type};

/// The Arrow type of mixed vectors of `steps` steps.
pub(crate) fn mixed_type(steps: usize) -> DataType {
    DataType::Struct(fields(steps))
}

fn fields(steps: usize) -> Fields {
    Fields::from(vec![
        Field::new("floats", step_type(steps), false),
        Field::new("histograms", histogram_lists_type(), false),
    ])
}

/// Whether this is the type of mixed vectors.
pub(crate) fn is_mixed(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Struct(fields) if fields.len() == 2 && fields[1].name() == "histograms")
}

/// The floats of a column of mixed vectors; `None` for another column.
pub(crate) fn floats_of(array: &dyn Array) -> Option<&ArrayRef> {
    let mixed = array.as_struct_opt()?;
    is_mixed(array.data_type()).then(|| mixed.column(0))
}

/// The points of `rows` series at each step.
#[derive(Debug)]
pub(crate) struct MixedVectors {
    pub(crate) floats: StepVectors,
    /// `None`: floats only.
    histograms: Option<HistogramLists>,
}

impl MixedVectors {
    /// Borrows the buffers of a column of mixed vectors or of step vectors.
    pub(crate) fn from_array(array: &dyn Array) -> Result<Self> {
        let histograms = match floats_of(array) {
            Some(_) => Some(HistogramLists::of(array.as_struct().column(1))?),
            None => None,
        };
        Ok(Self {
            floats: StepVectors::from_array(array)?,
            histograms,
        })
    }

    /// Number of steps.
    pub(crate) fn steps(&self) -> usize {
        self.floats.steps
    }

    /// Whether `row` has a histogram at any step.
    pub(crate) fn has_histograms(&self, row: usize) -> bool {
        self.histograms
            .as_ref()
            .is_some_and(|h| !h.at(row).is_empty())
    }

    /// The points of `row`, one per step.
    pub(crate) fn row(&self, row: usize) -> Vec<Option<Point>> {
        let mut points = vec![None; self.steps()];
        self.for_each(row, |step, point| points[step] = Some(point));
        points
    }

    /// The histograms of `row`, each with its step.
    pub(crate) fn histograms(&self, row: usize) -> impl Iterator<Item = (usize, FloatHistogram)> {
        let lists = self.histograms.iter();
        lists.flat_map(move |lists| {
            let steps = lists.at(row).iter().enumerate();
            steps.map(move |(position, step)| (*step as usize, lists.get(row, position)))
        })
    }

    /// Calls `f` with the step and the point of each step of `row` that has one, floats first.
    pub(crate) fn for_each(&self, row: usize, mut f: impl FnMut(usize, Point)) {
        self.floats
            .for_each(row, |step, v| f(step, Point::Float(v)));
        for (step, histogram) in self.histograms(row) {
            f(step, Point::Histogram(histogram));
        }
    }

    /// The steps of `row` that have a histogram.
    pub(crate) fn histogram_steps(&self, row: usize) -> impl Iterator<Item = usize> {
        let lists = self.histograms.iter();
        lists.flat_map(move |lists| lists.at(row).iter().map(|step| *step as usize))
    }

    /// Calls `f` with each step of `row` that has a point.
    pub(crate) fn for_each_present(&self, row: usize, mut f: impl FnMut(usize)) {
        self.floats.for_each(row, |step, _| f(step));
        self.histogram_steps(row).for_each(f);
    }
}

/// The points of a column of step vectors or mixed vectors that `keep` wants, by row and step; holes elsewhere. The type stays.
pub(crate) fn kept(
    array: &ArrayRef,
    rows: usize,
    mut keep: impl FnMut(usize, usize) -> bool,
) -> Result<ArrayRef> {
    if is_mixed(array.data_type()) {
        let vectors = MixedVectors::from_array(array)?;
        let mut out = MixedWriter::new(rows, vectors.steps());
        for row in 0..rows {
            let points = vectors.row(row).into_iter().enumerate();
            out.push_row(points.map(|(step, point)| point.filter(|_| keep(row, step))));
        }
        return out.finish();
    }
    let vectors = StepVectors::from_array(array)?;
    let mut out = StepWriter::new(rows, vectors.steps);
    for row in 0..rows {
        let mut points = out.row_mut(row);
        vectors.for_each(row, |step, v| {
            if keep(row, step) {
                points.set(step, v);
            }
        });
    }
    out.finish().into_array()
}

/// Mixed vectors under construction, row after row.
pub(crate) struct MixedWriter {
    floats: StepWriter,
    histograms: HistogramListWriter,
    row: usize,
}

impl MixedWriter {
    /// For `rows` rows of `steps` steps.
    pub(crate) fn new(rows: usize, steps: usize) -> Self {
        Self {
            floats: StepWriter::new(rows, steps),
            histograms: HistogramListWriter::default(),
            row: 0,
        }
    }

    /// Adds a row from the points of its steps, in order.
    pub(crate) fn push_row(&mut self, points: impl IntoIterator<Item = Option<Point>>) {
        let mut floats = self.floats.row_mut(self.row);
        for (step, point) in points.into_iter().enumerate() {
            match point {
                None => {}
                Some(Point::Float(v)) => floats.set(step, v),
                Some(Point::Histogram(histogram)) => self.histograms.push(step as i64, &histogram),
            }
        }
        self.histograms.end_row();
        self.row += 1;
    }

    /// The floats alone, as a column of step vectors.
    pub(crate) fn finish_floats(self) -> Result<ArrayRef> {
        self.floats.finish().into_array()
    }

    /// The column. As many rows must have been added as were announced.
    pub(crate) fn finish(self) -> Result<ArrayRef> {
        let floats = self.floats.finish();
        let steps = floats.steps;
        mixed_array(steps, floats.into_array()?, self.histograms.finish()?)
    }
}

/// A column of mixed vectors from its halves.
pub(crate) fn mixed_array(
    steps: usize,
    floats: ArrayRef,
    histograms: ArrayRef,
) -> Result<ArrayRef> {
    if floats.len() != histograms.len() {
        return internal_err!(
            "{} rows of floats beside {} of histograms",
            floats.len(),
            histograms.len()
        );
    }
    let mixed = StructArray::try_new(fields(steps), vec![floats, histograms], None)?;
    Ok(Arc::new(mixed))
}
