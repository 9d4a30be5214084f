//! Aggregations that need all points of a group: quantiles and fractions.
//!
//! Arguments: the vector and its scalar parameter; for histograms also the label `le`, the metric's name, a second parameter
//! and, where there are some, what native histograms say.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, ListArray, StringViewArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::states_of_each;
use crate::kernels::order;
use crate::notes::{Note, Speaker};
use crate::steps::{StepRow, StepVectors, StepWriter};

/// The rows of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct Collected {
    /// One number per row: the bucket's bound, where there is one.
    pub(super) keys: Vec<f64>,
    /// `steps` numbers per row.
    pub(super) values: Vec<f64>,
    /// Which of them are points.
    pub(super) present: Vec<bool>,
    /// The scalar parameter: one number, or one per step.
    pub(super) parameter: Vec<f64>,
    /// A second one.
    pub(super) upper: Vec<f64>,
    /// The metric's name that all rows share, where a function asks for it.
    pub(super) metric: String,
}

impl Collected {
    /// Names and types of the state columns.
    pub(super) fn state_types() -> [(&'static str, DataType); 5] {
        let list =
            |nullable| DataType::List(Arc::new(Field::new_list_field(DataType::Float64, nullable)));
        [
            ("keys", list(true)),
            ("points", list(true)),
            ("parameter", list(true)),
            ("upper", list(true)),
            ("metric", DataType::Utf8View),
        ]
    }

    /// Takes the metric's name from a row of the group.
    fn name(&mut self, names: &StringViewArray, row: usize) {
        if self.metric.is_empty() && names.is_valid(row) {
            names.value(row).clone_into(&mut self.metric);
        }
    }

    /// The parameter at `step`.
    pub(super) fn parameter_at(&self, step: usize) -> f64 {
        at_step(&self.parameter, step)
    }

    /// The second parameter at `step`.
    pub(super) fn upper_at(&self, step: usize) -> f64 {
        at_step(&self.upper, step)
    }
}

/// One of the numbers of a scalar; if there is but one, it is that.
fn at_step(scalar: &[f64], step: usize) -> f64 {
    match scalar {
        [constant] => *constant,
        varying => varying.get(step).copied().unwrap_or(f64::NAN),
    }
}

/// In place of a bucket's bound: the row has what native histograms say.
pub(super) const NATIVE: f64 = f64::NAN;

/// Turns the rows of a group into its result.
pub(super) type Finish =
    fn(group: &Collected, steps: usize, out: &mut StepRow<'_>, speaker: Option<&Speaker>);

/// Keeps the rows of all groups.
pub(super) struct Collector {
    steps: usize,
    finish: Finish,
    speaker: Option<Speaker>,
    groups: Vec<Collected>,
}

impl Collector {
    pub(super) fn new(steps: usize, finish: Finish, speaker: Option<Speaker>) -> Self {
        Self {
            steps,
            finish,
            speaker,
            groups: Vec::new(),
        }
    }

    /// Says that the bound of a row is no number, if the row has any point.
    fn bad_bucket(&self, values: &[ArrayRef], vectors: &StepVectors, row: usize) {
        let speaker = self.speaker.as_ref();
        if let Some(speaker) = speaker.filter(|_| has_points(vectors, row)) {
            let (label, metric) = (text(values.get(2), row), text(values.get(3), row));
            speaker.say(&Note::BadBucketLabel { label, metric });
        }
    }

    fn add(&mut self, group: usize, key: f64, vectors: &StepVectors, row: usize) {
        let group = &mut self.groups[group];
        group.keys.push(key);
        group.values.extend_from_slice(vectors.row(row));
        match vectors.row_present(row) {
            None => group.present.extend(std::iter::repeat_n(true, self.steps)),
            Some(present) => group.present.extend(present.iter()),
        }
    }
}

/// Whether `row` has any point.
fn has_points(vectors: &StepVectors, row: usize) -> bool {
    let present = vectors.row_present(row);
    present.is_none_or(|present| present.count_set_bits() > 0)
}

/// The text at `row` of a column of texts; empty if there is none.
fn text(column: Option<&ArrayRef>, row: usize) -> &str {
    match column.and_then(|c| c.as_string_view_opt()) {
        Some(texts) if texts.is_valid(row) => texts.value(row),
        _ => "",
    }
}

/// The bound that the text of a row's `le` label says; `None` if it has none or no number. Without labels there are no
/// bounds.
fn key(keys: Option<&ArrayRef>, row: usize) -> Option<f64> {
    let Some(keys) = keys else {
        return Some(f64::NAN);
    };
    let texts = keys.as_string_view_opt()?;
    if texts.is_null(row) {
        return None;
    }
    narthex_model::parse_float(texts.value(row)).filter(|bound| !bound.is_nan())
}

fn read_parameter(parameter: Option<&ArrayRef>, row: usize) -> Result<Vec<f64>> {
    Ok(match parameter {
        None => Vec::new(),
        Some(array) if *array.data_type() == DataType::Float64 => {
            vec![array.as_primitive::<Float64Type>().value(row)]
        }
        Some(array) => StepVectors::from_array(array)?.row(row).to_vec(),
    })
}

impl GroupsAccumulator for Collector {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        self.groups.resize_with(groups, Collected::default);
        let vectors = StepVectors::from_array(&values[0])?;
        let natives = values.get(5).map(|array| StepVectors::from_array(array));
        let natives = natives.transpose()?;
        for (row, group) in group_indices.iter().enumerate() {
            if !filter.is_none_or(|f| f.is_valid(row) && f.value(row)) {
                continue;
            }
            if self.groups[*group].parameter.is_empty() {
                self.groups[*group].parameter = read_parameter(values.get(1), row)?;
            }
            if self.groups[*group].upper.is_empty() {
                self.groups[*group].upper = read_parameter(values.get(4), row)?;
            }
            let metric = values.get(3).and_then(|names| names.as_string_view_opt());
            if let Some(metric) = metric {
                self.groups[*group].name(metric, row);
            }
            match key(values.get(2), row) {
                Some(key) => self.add(*group, key, &vectors, row),
                None => self.bad_bucket(values, &vectors, row),
            }
            if let Some(natives) = &natives
                && has_points(natives, row)
            {
                self.add(*group, NATIVE, natives, row);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = emit_to.take_needed(&mut self.groups);
        let mut out = StepWriter::new(groups.len(), self.steps);
        for (row, group) in groups.iter().enumerate() {
            let mut points = out.row_mut(row);
            (self.finish)(group, self.steps, &mut points, self.speaker.as_ref());
        }
        out.finish().into_array()
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit_to.take_needed(&mut self.groups);
        Ok(vec![
            lists(&groups, |g| &g.keys, None)?,
            lists(&groups, |g| &g.values, Some(|g| &g.present))?,
            lists(&groups, |g| &g.parameter, None)?,
            lists(&groups, |g| &g.upper, None)?,
            Arc::new(StringViewArray::from_iter_values(
                groups.iter().map(|g| &g.metric),
            )),
        ])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        groups: usize,
    ) -> Result<()> {
        self.groups.resize_with(groups, Collected::default);
        let [keys, points, parameter, upper, metric] = values else {
            return Ok(());
        };
        let [keys, points, parameter, upper] =
            [keys, points, parameter, upper].map(AsArray::as_list::<i32>);
        let metric = metric.as_string_view();
        for (row, group) in group_indices.iter().enumerate() {
            let group = &mut self.groups[*group];
            group.name(metric, row);
            group
                .keys
                .extend_from_slice(keys.value(row).as_primitive::<Float64Type>().values());
            let points = points.value(row);
            let points = points.as_primitive::<Float64Type>();
            group.values.extend_from_slice(points.values());
            group
                .present
                .extend((0..points.len()).map(|i| points.is_valid(i)));
            for (own, other) in [(&mut group.parameter, parameter), (&mut group.upper, upper)] {
                if own.is_empty() {
                    own.extend_from_slice(other.value(row).as_primitive::<Float64Type>().values());
                }
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        states_of_each(
            Self::new(self.steps, self.finish, self.speaker.clone()),
            values,
            filter,
        )
    }

    fn size(&self) -> usize {
        let group = |g: &Collected| {
            g.keys.capacity() * 8
                + g.values.capacity() * 9
                + (g.parameter.capacity() + g.upper.capacity()) * 8
                + g.metric.capacity()
        };
        self.groups.iter().map(group).sum::<usize>()
            + self.groups.capacity() * size_of::<Collected>()
    }
}

fn lists(
    groups: &[Collected],
    part: fn(&Collected) -> &Vec<f64>,
    present: Option<fn(&Collected) -> &Vec<bool>>,
) -> Result<ArrayRef> {
    let offsets = OffsetBuffer::from_lengths(groups.iter().map(|g| part(g).len()));
    let flat: Vec<f64> = groups
        .iter()
        .flat_map(|g| part(g).iter().copied())
        .collect();
    let nulls = present.map(|present| {
        let bits: Vec<bool> = groups
            .iter()
            .flat_map(|g| present(g).iter().copied())
            .collect();
        NullBuffer::new(BooleanBuffer::from(bits))
    });
    let field = Arc::new(Field::new_list_field(DataType::Float64, true));
    Ok(Arc::new(ListArray::try_new(
        field,
        offsets,
        Arc::new(Float64Array::try_new(flat.into(), nulls)?),
        None,
    )?))
}

/// `quantile(phi, v)` at each step.
pub(super) fn quantile(
    group: &Collected,
    steps: usize,
    out: &mut StepRow<'_>,
    _: Option<&Speaker>,
) {
    let mut there = Vec::with_capacity(group.keys.len());
    for step in 0..steps {
        there.clear();
        let points = (0..group.keys.len())
            .map(|row| row * steps + step)
            .filter(|at| group.present[*at]);
        there.extend(points.map(|at| group.values[at]));
        if !there.is_empty() {
            out.set(step, order::quantile(group.parameter_at(step), &mut there));
        }
    }
}
