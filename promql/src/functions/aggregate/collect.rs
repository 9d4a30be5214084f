//! Aggregations that need all points of a group: quantiles.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, ListArray, StringViewArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

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
    /// The metric's name that all rows share, where a function asks for it.
    pub(super) metric: String,
}

impl Collected {
    /// Names and types of the state columns.
    pub(super) fn state_types() -> [(&'static str, DataType); 4] {
        let list =
            |nullable| DataType::List(Arc::new(Field::new_list_field(DataType::Float64, nullable)));
        [
            ("keys", list(true)),
            ("points", list(true)),
            ("parameter", list(true)),
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
        match self.parameter.as_slice() {
            [constant] => *constant,
            varying => varying.get(step).copied().unwrap_or(f64::NAN),
        }
    }
}

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

    fn take(&mut self, emit_to: EmitTo) -> Vec<Collected> {
        match emit_to {
            EmitTo::All => std::mem::take(&mut self.groups),
            EmitTo::First(n) => {
                let rest = self.groups.split_off(n.min(self.groups.len()));
                std::mem::replace(&mut self.groups, rest)
            }
        }
    }

    /// Says that the bound of a row is no number, if the row has any point.
    fn bad_bucket(&self, values: &[ArrayRef], vectors: &StepVectors, row: usize) {
        let empty = vectors
            .row_present(row)
            .is_some_and(|present| present.count_set_bits() == 0);
        if let Some(speaker) = self.speaker.as_ref().filter(|_| !empty) {
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

/// The text at `row` of a column of texts; empty if there is none.
fn text(column: Option<&ArrayRef>, row: usize) -> &str {
    match column.and_then(|c| c.as_string_view_opt()) {
        Some(texts) if texts.is_valid(row) => texts.value(row),
        _ => "",
    }
}

/// The bound that the text of a row's `le` label says; `None` if it has none or no number.
fn key(keys: Option<&ArrayRef>, row: usize) -> Option<f64> {
    let Some(keys) = keys else {
        return Some(f64::NAN);
    };
    let texts = keys.as_string_view_opt()?;
    if texts.is_null(row) {
        return None;
    }
    narthex_model::parse_float(texts.value(row))
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
        for (row, group) in group_indices.iter().enumerate() {
            if !filter.is_none_or(|f| f.is_valid(row) && f.value(row)) {
                continue;
            }
            if self.groups[*group].parameter.is_empty() {
                self.groups[*group].parameter = read_parameter(values.get(1), row)?;
            }
            let metric = values.get(3).and_then(|names| names.as_string_view_opt());
            if let Some(metric) = metric {
                self.groups[*group].name(metric, row);
            }
            match key(values.get(2), row) {
                Some(key) => self.add(*group, key, &vectors, row),
                None => self.bad_bucket(values, &vectors, row),
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = self.take(emit_to);
        let mut out = StepWriter::new(groups.len(), self.steps);
        for (row, group) in groups.iter().enumerate() {
            let mut points = out.row_mut(row);
            (self.finish)(group, self.steps, &mut points, self.speaker.as_ref());
        }
        out.finish().into_array()
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.take(emit_to);
        Ok(vec![
            lists(&groups, |g| &g.keys, None)?,
            lists(&groups, |g| &g.values, Some(|g| &g.present))?,
            lists(&groups, |g| &g.parameter, None)?,
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
        let [keys, points, parameter, metric] = values else {
            return Ok(());
        };
        let (keys, points, parameter) = (
            keys.as_list::<i32>(),
            points.as_list::<i32>(),
            parameter.as_list::<i32>(),
        );
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
            if group.parameter.is_empty() {
                group.parameter = parameter
                    .value(row)
                    .as_primitive::<Float64Type>()
                    .values()
                    .to_vec();
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values[0].len();
        let mut each = Self::new(self.steps, self.finish, self.speaker.clone());
        each.update_batch(values, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        let group = |g: &Collected| {
            g.keys.capacity() * 8
                + g.values.capacity() * 9
                + g.parameter.capacity() * 8
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
