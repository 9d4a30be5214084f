//! From the batches of a plan to the answer of a query.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringViewArray};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use narthex_model::{
    Error, HISTOGRAMS_COLUMN, Histogram, Labels, Result, TIMESTAMPS_COLUMN, TimestampMs,
    VALUES_COLUMN, column_label, is_stale,
};

use super::again::Movable;
use super::columns::{VALUE, call, column};
use super::order::Order;
use super::outline::Outline;
use super::planning;
use super::window::Grid;
use crate::functions::counted::SampleCounts;
use crate::functions::floats::Floats;
use crate::functions::meeting::Meeting;
use crate::functions::merge::SAME_LABELS;
use crate::functions::plan_function::PlanFunction;
use crate::functions::series::SampleLists;
use crate::kernels::extended::{self, Extended, Reach};
use crate::kernels::windows::Windows;
use crate::mixed::{HistogramLists, MixedVectors, is_mixed};
use crate::notes::{Kind, Notes};
use crate::result::{Held, InstantSample, QueryOutput, QueryValue, RangeSeries};
use crate::steps::StepVectors;

/// A planned query: run [`QueryPlan::logical`] if there is one, and give its batches to [`QueryPlan::decode`].
pub struct QueryPlan {
    pub(super) body: Body,
    pub(super) logical: Option<LogicalPlan>,
    pub(super) grid: Grid,
    pub(super) instant: bool,
    pub(super) order: Order,
    pub(super) notes: Arc<Notes>,
    pub(super) meetings: Vec<Meeting>,
    pub(super) outline: Option<Outline>,
    pub(super) counts: Option<SampleCounts>,
    pub(super) widest: usize,
    /// The first instant when it was planned.
    pub(super) planned_start: TimestampMs,
    /// If it can be run again.
    pub(super) movable: Option<Movable>,
}

pub(super) enum Body {
    Number(f64),
    Text(String),
    Scalar,
    Vector,
    Samples(Windows, Option<Reach>),
}

impl QueryPlan {
    /// The plan to run; `None` if the answer is known without reading anything.
    pub fn logical(&self) -> Option<&LogicalPlan> {
        self.logical.as_ref()
    }

    /// Forgets [`QueryPlan::logical`], and with it the series that were chosen.
    pub fn drop_logical(&mut self) {
        self.logical = None;
    }

    /// The query as the planner sees it, if that was asked for.
    pub fn outline(&self) -> Option<&Outline> {
        self.outline.as_ref()
    }

    /// How many samples each step looked at, over all selectors, as far as the plan has run; nothing if that was not asked for.
    pub fn samples_per_step(&self) -> Vec<(i64, u64)> {
        let counts = self.counts.iter().flat_map(SampleCounts::read);
        let counts = counts.enumerate();
        counts
            .map(|(step, count)| (self.grid.at(step), count))
            .collect()
    }

    /// The plan to run for the floats of the answer alone; `None` as in [`QueryPlan::logical`].
    ///
    /// # Errors
    /// `Internal` if the plan cannot be built.
    pub fn floats(&self) -> Result<Option<LogicalPlan>> {
        let (Body::Vector, Some(plan)) = (&self.body, &self.logical) else {
            return Ok(self.logical.clone());
        };
        let columns = plan.schema().fields().iter().map(|field| {
            let value = column(field.name());
            if is_mixed(field.data_type()) {
                call(&Floats(None).udf(), vec![value]).alias(field.name())
            } else {
                value
            }
        });
        let floats = LogicalPlanBuilder::from(plan.clone()).project(columns);
        let floats = floats.and_then(LogicalPlanBuilder::build);
        floats.map(Some).map_err(planning)
    }

    /// Steps of the longest vector in the plan; one of native histograms counts as if it had many times its steps.
    pub fn widest(&self) -> usize {
        self.widest
    }

    /// The instants of the answer.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Why the query is refused, as far as running its plan has told; it comes before any error of the plan.
    pub fn refusal(&self) -> Option<Error> {
        let message = self.meetings.iter().find_map(Meeting::refusal)?;
        Some(Error::invalid(message))
    }

    /// The answer, from all batches of the plan.
    ///
    /// # Errors
    /// `Invalid` if two series of the answer have the same labels at one instant, or if a match turns out to be ambiguous; `Internal`
    /// for batches of another plan.
    pub fn decode(&self, batches: &[RecordBatch]) -> Result<QueryOutput> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let value = match &self.body {
            Body::Number(v) => self.scalar(vec![*v; self.grid.steps]),
            Body::Text(text) => QueryValue::String {
                timestamp: self.grid.start,
                value: text.clone(),
            },
            Body::Scalar => self.scalar(scalar_values(batches)?),
            Body::Vector if self.instant => QueryValue::Vector(self.instant_vector(batches)?),
            Body::Vector => QueryValue::Matrix(merged(self.matrix(batches)?)?),
            Body::Samples(windows, reach) => {
                QueryValue::Matrix(merged(samples(batches, windows, *reach)?)?)
            }
        };
        Ok(QueryOutput {
            value,
            warnings: self.notes.texts(Kind::Warning),
            infos: self.notes.texts(Kind::Info),
            memory: Held::default(),
        })
    }

    fn scalar(&self, values: Vec<f64>) -> QueryValue {
        if self.instant {
            return QueryValue::Scalar {
                timestamp: self.grid.start,
                value: values.first().copied().unwrap_or(f64::NAN),
            };
        }
        let timestamps = (0..values.len()).map(|step| self.grid.at(step)).collect();
        QueryValue::Matrix(vec![RangeSeries {
            labels: Labels::empty(),
            timestamps,
            values,
            histograms: Vec::new(),
        }])
    }

    fn matrix(&self, batches: &[RecordBatch]) -> Result<Vec<RangeSeries>> {
        let mut out = Vec::new();
        for batch in batches {
            let vectors =
                MixedVectors::from_array(batch_column(batch, VALUE)?).map_err(not_ours)?;
            let labels = LabelColumns::of(batch);
            for row in 0..batch.num_rows() {
                let (timestamps, values) = self.float_points(&vectors.floats, row);
                let histograms = vectors.histograms(row);
                let histograms: Vec<_> = histograms
                    .map(|(step, histogram)| (self.grid.at(step), Histogram::from(&histogram)))
                    .collect();
                if !timestamps.is_empty() || !histograms.is_empty() {
                    out.push(RangeSeries {
                        labels: labels.row(row)?,
                        timestamps,
                        values,
                        histograms,
                    });
                }
            }
        }
        Ok(out)
    }

    fn float_points(&self, vectors: &StepVectors, row: usize) -> (Vec<i64>, Vec<f64>) {
        if vectors.row_present(row).is_none() {
            return (
                (0..vectors.steps).map(|step| self.grid.at(step)).collect(),
                vectors.row(row).to_vec(),
            );
        }
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        vectors.for_each(row, |step, v| {
            timestamps.push(self.grid.at(step));
            values.push(v);
        });
        (timestamps, values)
    }

    fn instant_vector(&self, batches: &[RecordBatch]) -> Result<Vec<InstantSample>> {
        let series = merged(self.matrix(batches)?)?;
        let at = self.grid.start;
        let mut out: Vec<_> = series
            .into_iter()
            .filter_map(|s| {
                Some(InstantSample {
                    timestamp: at,
                    value: s.at(at)?,
                    labels: s.labels,
                })
            })
            .collect();
        self.order.apply(&mut out);
        Ok(out)
    }
}

fn not_ours(error: datafusion::common::DataFusionError) -> Error {
    Error::internal("the batches are not of this plan").with_source(error)
}

fn batch_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array> {
    let column = batch
        .column_by_name(name)
        .ok_or_else(|| Error::internal(format!("no column {name} in the answer")))?;
    Ok(column.as_ref())
}

fn scalar_values(batches: &[RecordBatch]) -> Result<Vec<f64>> {
    let batch = batches
        .iter()
        .find(|b| b.num_rows() > 0)
        .ok_or_else(|| Error::internal("a scalar without a row"))?;
    let vectors = StepVectors::from_array(batch_column(batch, VALUE)?).map_err(not_ours)?;
    Ok(vectors.row(0).to_vec())
}

/// The samples of a range vector at a single instant: those inside its window.
fn samples(
    batches: &[RecordBatch],
    windows: &Windows,
    reach: Option<Reach>,
) -> Result<Vec<RangeSeries>> {
    let near = reach.map_or_else(|| windows.clone(), |reach| reach.around(windows));
    let inside = |t: i64, marker: f64| near.start(0) < t && t <= near.end(0) && !is_stale(marker);
    let mut out = Vec::new();
    for batch in batches {
        let floats = SampleLists::of(
            batch_column(batch, TIMESTAMPS_COLUMN)?,
            batch_column(batch, VALUES_COLUMN)?,
        )
        .map_err(not_ours)?;
        let histograms = batch.column_by_name(HISTOGRAMS_COLUMN);
        let histograms = histograms
            .map(|column| HistogramLists::of(column))
            .transpose()
            .map_err(not_ours)?;
        let labels = LabelColumns::of(batch);
        for row in 0..batch.num_rows() {
            let (times, values) = floats.row(row);
            let pairs = times.iter().zip(values);
            let pairs = pairs.filter(|(t, v)| inside(**t, **v));
            let (timestamps, values): (Vec<_>, Vec<_>) = pairs.map(|(t, v)| (*t, *v)).unzip();
            let (timestamps, values) = match reach {
                None => (timestamps, values),
                Some(reach) => with_edges(&timestamps, &values, windows, reach),
            };
            let histograms: Vec<_> = histograms
                .iter()
                .flat_map(|lists| {
                    let samples = lists.at(row).iter().zip(lists.sums(row)).enumerate();
                    let samples = samples.filter(|(_, (t, sum))| inside(**t, **sum));
                    samples
                        .map(|(position, (t, _))| (*t, Histogram::from(&lists.get(row, position))))
                })
                .collect();
            if !timestamps.is_empty() || !histograms.is_empty() {
                out.push(RangeSeries {
                    labels: labels.row(row)?,
                    timestamps,
                    values,
                    histograms,
                });
            }
        }
    }
    Ok(out)
}

/// The samples of the first window and the values at its edges.
fn with_edges(
    timestamps: &[i64],
    values: &[f64],
    windows: &Windows,
    reach: Reach,
) -> (Vec<i64>, Vec<f64>) {
    let series = Extended {
        timestamps,
        values,
        bounds: &[(0, timestamps.len() as u32)],
        windows,
        extension: reach.extension,
    };
    extended::samples(&series).into_iter().unzip()
}

/// The label columns of a batch, in order of their names.
struct LabelColumns<'a> {
    columns: Vec<(&'a str, &'a StringViewArray)>,
}

impl<'a> LabelColumns<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let schema = batch.schema_ref();
        let mut columns: Vec<_> = schema
            .fields()
            .iter()
            .zip(batch.columns())
            .filter_map(|(field, column)| {
                Some((column_label(field.name())?, column.as_string_view_opt()?))
            })
            .collect();
        columns.sort_by_key(|(name, _)| *name);
        Self { columns }
    }

    fn row(&self, row: usize) -> Result<Labels> {
        let there = self
            .columns
            .iter()
            .filter(|(_, values)| values.is_valid(row));
        Labels::new(there.map(|(name, values)| (*name, values.value(row))))
            .map_err(|e| Error::internal(e.to_string()))
    }
}

/// Sorts series by labels and merges those with equal labels, which may have no instant in common.
fn merged(mut series: Vec<RangeSeries>) -> Result<Vec<RangeSeries>> {
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    let mut out: Vec<RangeSeries> = Vec::with_capacity(series.len());
    for next in series {
        match out.last_mut() {
            Some(last) if last.labels == next.labels => merge(last, next)?,
            _ => out.push(next),
        }
    }
    Ok(out)
}

fn merge(into: &mut RangeSeries, from: RangeSeries) -> Result<()> {
    let floats = |s: &RangeSeries| {
        let points = s.timestamps.iter().copied().zip(s.values.iter().copied());
        points.collect::<Vec<_>>()
    };
    let mut points = floats(into);
    points.extend(floats(&from));
    points.sort_by_key(|(t, _)| *t);
    (into.timestamps, into.values) = points.into_iter().unzip();
    into.histograms.extend(from.histograms);
    into.histograms.sort_by_key(|(t, _)| *t);
    let histograms = into.histograms.iter().map(|(t, _)| t);
    let mut times: Vec<_> = into.timestamps.iter().chain(histograms).collect();
    times.sort_unstable();
    if times.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid(SAME_LABELS));
    }
    Ok(())
}
