//! Rows that become several, one for each text that a number of theirs has: for `count_values` the series' values, for
//! `histogram_quantiles` the quantile, which may change from step to step.
//!
//! `prom_value_texts(vector, most)` and `prom_value_points(vector, most)` give lists of equal length per row: the values as text, and
//! step vectors that are 1 where the series has that value. `prom_quantile_texts(vector, most, quantile)` and
//! `prom_quantile_points(…)` give the quantiles as text, and the series' points of each. More than `most` points in a batch are refused.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, StringViewArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{DataFusionError, Result};
use narthex_model::Error;

use super::arguments::{ArgumentTypes, Arguments};
use super::plan_function::PlanFunction;
use crate::mixed::MixedVectors;
use crate::steps::{StepVectors, StepWriter, step_type};

/// Which of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// The texts.
    Texts,
    /// Where they are.
    Points,
}

/// By which number a row is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum By {
    /// Its own value.
    Value,
    /// The quantile.
    Quantile,
}

/// The functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Split {
    /// Which list.
    pub(crate) part: Part,
    /// By what.
    pub(crate) by: By,
}

impl PlanFunction for Split {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match (self.by, self.part) {
            (By::Value, Part::Texts) => "prom_value_texts",
            (By::Value, Part::Points) => "prom_value_points",
            (By::Quantile, Part::Texts) => "prom_quantile_texts",
            (By::Quantile, Part::Points) => "prom_quantile_points",
        };
        name.into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        let item = match self.part {
            Part::Texts => DataType::Utf8View,
            Part::Points => step_type(types.steps()?),
        };
        Ok(DataType::List(Arc::new(Field::new_list_field(item, true))))
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let vectors = arguments.mixed(0)?;
        let rows = 0..arguments.rows();
        let rows: Vec<_> = match self.by {
            By::Value => rows.map(|row| values(&vectors, row)).collect(),
            By::Quantile => {
                let quantiles = arguments.vectors(2)?;
                let floats = &vectors.floats;
                rows.map(|row| quantiles_of(floats, &quantiles, row))
                    .collect()
            }
        };
        let items: ArrayRef = match self.part {
            Part::Texts => {
                let texts = rows.iter().flatten().map(|group| Some(group.text.as_str()));
                Arc::new(texts.collect::<StringViewArray>())
            }
            Part::Points => {
                let count = rows.iter().map(Vec::len).sum::<usize>();
                self.refuse_many(count.saturating_mul(vectors.steps()), arguments.int(1)?)?;
                let mut out = StepWriter::new(count, vectors.steps());
                for (i, group) in rows.iter().flatten().enumerate() {
                    let mut row = out.row_mut(i);
                    group.points.iter().for_each(|(step, v)| row.set(*step, *v));
                }
                out.finish().into_array()?
            }
        };
        let field = Arc::new(Field::new_list_field(items.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(rows.iter().map(Vec::len));
        Ok(Arc::new(ListArray::try_new(field, offsets, items, None)?))
    }
}

impl Split {
    fn refuse_many(self, points: usize, most: i64) -> Result<()> {
        if i64::try_from(points).is_ok_and(|points| points <= most.min(BATCH_POINTS_MAX)) {
            return Ok(());
        }
        let message = match self.by {
            By::Value => {
                "count_values() found too many different values for this many steps: \
                 round the values or use a larger step"
            }
            By::Quantile => {
                "histogram_quantiles() found too many different quantiles for this many steps: \
                 round the quantiles or use a larger step"
            }
        };
        Err(DataFusionError::External(Box::new(Error::limit(message))))
    }
}

/// Points made of one batch: this is what may escape the count of memory.
const BATCH_POINTS_MAX: i64 = 1 << 25;

/// Points of a series that belong to one text.
struct Group {
    text: String,
    points: Vec<(usize, f64)>,
}

/// The different values of a row. NaN is one value, zeros of either sign are two.
fn values(vectors: &MixedVectors, row: usize) -> Vec<Group> {
    let mut points = Vec::new();
    vectors.floats.for_each(row, |step, v| {
        points.push((v, step, 1.0));
    });
    let floats = groups(points, text);
    let mut histograms: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
    for (step, histogram) in vectors.histograms(row) {
        let points = histograms.entry(histogram.to_string()).or_default();
        points.push((step, 1.0));
    }
    let histograms = histograms
        .into_iter()
        .map(|(text, points)| Group { text, points });
    floats.into_iter().chain(histograms).collect()
}

/// The points of a row by the quantiles that they are.
fn quantiles_of(floats: &StepVectors, quantiles: &StepVectors, row: usize) -> Vec<Group> {
    let quantiles = quantiles.row(row);
    let mut points = Vec::new();
    floats.for_each(row, |step, v| {
        // Zeros have one text, whatever their sign.
        points.push((quantiles[step] + 0.0, step, v));
    });
    groups(points, decimal)
}

/// Points with equal numbers together. A point is the number, its step and its value.
fn groups(mut points: Vec<(f64, usize, f64)>, text: impl Fn(f64) -> String) -> Vec<Group> {
    let bits = |v: f64| if v.is_nan() { f64::NAN } else { v }.to_bits();
    points.sort_unstable_by_key(|(number, step, _)| (bits(*number), *step));
    let runs = points.chunk_by(|a, b| bits(a.0) == bits(b.0));
    let groups = runs.filter_map(|run| {
        let text = text(run.first()?.0);
        let points = run.iter().map(|(_, step, v)| (*step, *v)).collect();
        Some(Group { text, points })
    });
    groups.collect()
}

/// All digits, never an exponent.
fn text(v: f64) -> String {
    match v {
        _ if v.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ => format!("{v}"),
    }
}

/// A float as OpenMetrics writes it: one can see that it is no integer, and zero has no sign.
pub(crate) fn decimal(v: f64) -> String {
    let text = crate::notes::General::shortest(v + 0.0).to_string();
    if v.is_finite() && !text.contains(['.', 'e']) {
        return text + ".0";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let texts = [1e21, -0.0, 0.1 + 0.2, f64::NAN, f64::INFINITY, 1e-7].map(text);
        let expected = [
            "1000000000000000000000",
            "-0",
            "0.30000000000000004",
            "NaN",
            "+Inf",
            "0.0000001",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn quantiles_in_labels() {
        let texts = [0.0, -0.0, 1.0, 0.99, -0.1, f64::NAN, f64::INFINITY, 1e-5].map(decimal);
        let expected = ["0.0", "0.0", "1.0", "0.99", "-0.1", "NaN", "+Inf", "1e-05"];
        assert_eq!(texts, expected);
    }
}
