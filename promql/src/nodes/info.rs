//! `info`: series get the labels of the info series of their target, as these are at each step.
//!
//! Inputs are the base series and the info series, whose values are the times of their samples. A result row is a base
//! series with the labels it gets, and a mask of the steps at which it gets them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringViewArray, StringViewBuilder, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{Result, internal_err};
use narthex_model::{METRIC_NAME, Matcher, column_label, label_column};

use super::gather::Combine;
use crate::functions::arguments::refused;
use crate::functions::label_sets::LabelSet;
use crate::mixed::MixedVectors;
use crate::steps::{StepVectors, StepWriter, step_type};

/// Labels that say which target a series is of.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

/// The column of the mask.
pub(crate) const MASK: &str = "#mask";

/// The column of the info series that has their points, if some may be histograms.
pub(crate) const POINTS: &str = "#points";

/// The join of base series with info series.
#[derive(Debug)]
pub(crate) struct InfoJoin {
    /// What the names of info metrics match.
    pub(crate) names: Vec<Matcher>,
    /// What other labels of info series match; if there are any, only these labels are taken.
    pub(crate) data: Vec<Matcher>,
    /// Labels of the result, sorted.
    pub(crate) labels: Vec<String>,
    /// Name of the value column, in both inputs.
    pub(crate) value: &'static str,
    /// Columns of the base series that the result has as they are, the value first.
    pub(crate) carried: Vec<FieldRef>,
    /// Number of steps.
    pub(crate) steps: usize,
}

impl Combine for InfoJoin {
    fn name(&self) -> &'static str {
        "InfoJoin"
    }

    fn schema(&self) -> SchemaRef {
        let labels = self
            .labels
            .iter()
            .map(|l| Arc::new(Field::new(label_column(l), DataType::Utf8View, true)));
        let mask = Arc::new(Field::new(MASK, step_type(self.steps), true));
        let carried = self.carried.iter().cloned();
        let fields = labels.chain(carried).chain([mask]);
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn combine(&self, inputs: &[RecordBatch]) -> Result<RecordBatch> {
        let [base, info] = inputs else {
            return internal_err!("info joins two inputs");
        };
        let base = Base::read(self, base)?;
        let targets = Targets::of(self, &base, &Rows::of(info), info)?;
        let mut out = Vec::new();
        for row in 0..base.rows.count {
            self.join(&base, row, &targets, &mut out)?;
        }
        self.batch(&base, &out)
    }
}

/// The labels of rows.
struct Rows<'a> {
    columns: Vec<(&'a str, &'a StringViewArray)>,
    count: usize,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let fields = batch.schema_ref().fields().iter().zip(batch.columns());
        let columns = fields.filter_map(|(field, column)| {
            Some((column_label(field.name())?, column.as_string_view_opt()?))
        });
        Self {
            columns: columns.collect(),
            count: batch.num_rows(),
        }
    }

    fn label(&self, row: usize, name: &str) -> Option<&'a str> {
        let (_, column) = self.columns.iter().find(|(l, _)| *l == name)?;
        column.is_valid(row).then(|| column.value(row))
    }

    fn target(&self, row: usize) -> Target<'a> {
        IDENTIFYING.map(|l| self.label(row, l))
    }
}

/// The identifying labels of a series.
type Target<'a> = [Option<&'a str>; IDENTIFYING.len()];

/// The base series.
struct Base<'a> {
    rows: Rows<'a>,
    carried: Vec<&'a ArrayRef>,
    /// Their points.
    points: MixedVectors,
    /// Which of them are info series themselves, and stay as they are.
    is_info: Vec<bool>,
}

impl<'a> Base<'a> {
    fn read(join: &InfoJoin, batch: &'a RecordBatch) -> Result<Self> {
        let rows = Rows::of(batch);
        let carried = join.carried.iter().map(|f| batch.column_by_name(f.name()));
        let Some(carried) = carried.collect::<Option<Vec<_>>>() else {
            return internal_err!("base series without values");
        };
        let is_info = |row| {
            let name = rows.label(row, METRIC_NAME).unwrap_or_default();
            join.names.iter().all(|m| m.accepts(name))
        };
        Ok(Self {
            is_info: (0..rows.count).map(is_info).collect(),
            points: match carried.first() {
                Some(value) => MixedVectors::from_array(value)?,
                None => return internal_err!("base series without values"),
            },
            carried,
            rows,
        })
    }

    fn has_point(&self, row: usize, step: usize) -> bool {
        self.points.floats.has(row, step)
            || self.points.histogram_steps(row).any(|there| there == step)
    }

    fn has_any_point(&self, step: usize) -> bool {
        (0..self.rows.count).any(|row| self.has_point(row, step))
    }

    /// The values that each identifying label has among series to be enriched.
    fn identities(&self) -> [HashSet<&'a str>; IDENTIFYING.len()] {
        let mut sets = IDENTIFYING.map(|_| HashSet::new());
        for row in (0..self.rows.count).filter(|row| !self.is_info[*row]) {
            for (set, value) in sets.iter_mut().zip(self.rows.target(row)) {
                set.extend(value);
            }
        }
        sets
    }
}

/// Labels that a target's series get, and at which steps.
struct Choice<'a> {
    /// Labels of the newest series of each info metric; `None` if there was no series.
    labels: Option<Vec<Vec<(&'a str, &'a str)>>>,
    steps: Vec<usize>,
}

/// What the info series say of each target.
struct Targets<'a> {
    choices: HashMap<Target<'a>, Vec<Choice<'a>>>,
    /// Of targets without info series.
    none: Vec<Choice<'a>>,
}

impl<'a> Targets<'a> {
    fn of(join: &InfoJoin, base: &Base<'_>, info: &Rows<'a>, batch: &RecordBatch) -> Result<Self> {
        let wanted = base.identities();
        let mut metrics: HashMap<Target<'a>, BTreeMap<&'a str, Vec<usize>>> = HashMap::new();
        let points = batch.column_by_name(POINTS);
        let points = points
            .map(|points| MixedVectors::from_array(points))
            .transpose()?;
        for row in 0..info.count {
            let target = info.target(row);
            let known = target.iter().zip(&wanted);
            let is_wanted = wanted.iter().any(|set| !set.is_empty())
                && known
                    .into_iter()
                    .all(|(value, set)| set.is_empty() || value.is_some_and(|v| set.contains(v)));
            if is_wanted {
                if points
                    .as_ref()
                    .is_some_and(|points| points.has_histograms(row))
                {
                    let labels = LabelSet::of_row(info.columns.iter().copied(), row);
                    let message = "this should be an info metric, with float samples";
                    return Err(refused(format!("{message}: {labels}")));
                }
                let name = info.label(row, METRIC_NAME).unwrap_or_default();
                metrics
                    .entry(target)
                    .or_default()
                    .entry(name)
                    .or_default()
                    .push(row);
            }
        }
        let Some(times) = batch.column_by_name(join.value) else {
            return internal_err!("info series without times");
        };
        let times = StepVectors::from_array(times)?;
        let mut choices = HashMap::new();
        for (target, metrics) in metrics {
            choices.insert(target, choices_of(join, base, info, &times, &metrics)?);
        }
        let none = Choice {
            labels: None,
            steps: (0..join.steps).collect(),
        };
        Ok(Self {
            choices,
            none: vec![none],
        })
    }

    fn choices<'s>(&'s self, target: &Target<'s>) -> &'s [Choice<'a>] {
        self.choices.get(target).unwrap_or(&self.none)
    }
}

/// The newest series of each info metric at each step; steps with the same series together.
fn choices_of<'a>(
    join: &InfoJoin,
    base: &Base<'_>,
    info: &Rows<'a>,
    times: &StepVectors,
    metrics: &BTreeMap<&'a str, Vec<usize>>,
) -> Result<Vec<Choice<'a>>> {
    let mut newest: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
    for step in 0..join.steps {
        let mut rows = Vec::with_capacity(metrics.len());
        for (name, series) in metrics {
            match newest_of(times, series, step) {
                Newest::None => {}
                Newest::One(row) => rows.push(row),
                Newest::Several if !base.has_any_point(step) => {}
                Newest::Several => {
                    let message = format!("found duplicate series for info metric {name}");
                    return Err(refused(message));
                }
            }
        }
        newest.entry(rows).or_default().push(step);
    }
    let choice = |(rows, steps): (Vec<usize>, _)| Choice {
        labels: (!rows.is_empty()).then(|| rows.iter().map(|row| join.taken(info, *row)).collect()),
        steps,
    };
    Ok(newest.into_iter().map(choice).collect())
}

enum Newest {
    None,
    One(usize),
    /// Several have a sample of the same time.
    Several,
}

fn newest_of(times: &StepVectors, series: &[usize], step: usize) -> Newest {
    let mut newest = Newest::None;
    let mut at = f64::NEG_INFINITY;
    for row in series.iter().filter(|row| times.has(**row, step)) {
        let time = times.row(*row)[step];
        if time > at {
            (newest, at) = (Newest::One(*row), time);
        } else if time == at {
            newest = Newest::Several;
        }
    }
    newest
}

/// A row of the result.
struct Enriched<'a> {
    base: usize,
    labels: Vec<(&'a str, &'a str)>,
    /// `None` stands for all.
    steps: Option<Vec<usize>>,
}

impl InfoJoin {
    /// The labels that an info series gives away.
    fn taken<'a>(&self, info: &Rows<'a>, row: usize) -> Vec<(&'a str, &'a str)> {
        let wanted = |name: &str| {
            name != METRIC_NAME
                && (self.data.is_empty() || self.data.iter().any(|m| m.name() == name))
        };
        let columns = info
            .columns
            .iter()
            .filter(|(name, c)| wanted(name) && c.is_valid(row));
        columns.map(|(name, c)| (*name, c.value(row))).collect()
    }

    fn join<'a>(
        &self,
        base: &Base<'_>,
        row: usize,
        targets: &Targets<'a>,
        out: &mut Vec<Enriched<'a>>,
    ) -> Result<()> {
        let first = out.len();
        if base.is_info[row] {
            out.push(Enriched {
                base: row,
                labels: Vec::new(),
                steps: None,
            });
            return Ok(());
        }
        for choice in targets.choices(&base.rows.target(row)) {
            let labels = match &choice.labels {
                Some(series) => merged(base, row, series, &choice.steps)?,
                // A label that must be there is not.
                None if !self.data.iter().all(Matcher::accepts_empty) => continue,
                None => Vec::new(),
            };
            match out[first..].iter_mut().find(|e| e.labels == labels) {
                Some(same) => same.steps.iter_mut().for_each(|s| s.extend(&choice.steps)),
                None => out.push(Enriched {
                    base: row,
                    labels,
                    steps: Some(choice.steps.clone()),
                }),
            }
        }
        Ok(())
    }

    fn batch(&self, base: &Base<'_>, out: &[Enriched<'_>]) -> Result<RecordBatch> {
        let rows: UInt32Array = out.iter().map(|e| e.base as u32).collect();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.labels.len() + 2);
        for name in &self.labels {
            let mut column = StringViewBuilder::with_capacity(out.len());
            for row in out {
                let own = base.rows.label(row.base, name);
                let given = || row.labels.iter().find(|(l, _)| l == name).map(|(_, v)| *v);
                column.append_option(own.or_else(given));
            }
            columns.push(Arc::new(column.finish()));
        }
        for column in &base.carried {
            columns.push(take(column, &rows, None)?);
        }
        let mut mask = StepWriter::new(out.len(), self.steps);
        for (i, row) in out.iter().enumerate() {
            let mut points = mask.row_mut(i);
            match &row.steps {
                None => (0..self.steps).for_each(|step| points.set(step, 1.0)),
                Some(steps) => steps.iter().for_each(|step| points.set(*step, 1.0)),
            }
        }
        columns.push(mask.finish().into_array()?);
        Ok(RecordBatch::try_new(self.schema(), columns)?)
    }
}

/// The labels of several info series that the base series lacks; they must agree.
fn merged<'a>(
    base: &Base<'_>,
    row: usize,
    series: &[Vec<(&'a str, &'a str)>],
    steps: &[usize],
) -> Result<Vec<(&'a str, &'a str)>> {
    let mut labels: Vec<(&str, &str)> = Vec::new();
    for (name, value) in series.iter().flatten() {
        if base.rows.label(row, name).is_some() {
            continue;
        }
        match labels.iter().find(|(l, _)| l == name) {
            Some((_, other)) if other != value => {
                if steps.iter().any(|step| base.has_point(row, *step)) {
                    return Err(refused(format!("conflicting label: {name}")));
                }
            }
            Some(_) => {}
            None => labels.push((name, value)),
        }
    }
    Ok(labels)
}
