//! `count_values`: the different values of a series, and where it has each of them.
//!
//! `prom_value_texts(vector, most)` and `prom_value_points(vector, most)` give lists of equal length per row: the values as text, and
//! step vectors that are 1 where the series has that value. More than `most` points in a batch are refused.

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
use crate::steps::{StepWriter, step_type};

/// Which of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Values {
    /// The values as text.
    Texts,
    /// Where they are.
    Points,
}

impl PlanFunction for Values {
    fn plan_name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::Texts => "prom_value_texts",
            Self::Points => "prom_value_points",
        };
        name.into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        let item = match self {
            Self::Texts => DataType::Utf8View,
            Self::Points => step_type(types.steps()?),
        };
        Ok(DataType::List(Arc::new(Field::new_list_field(item, true))))
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let vectors = arguments.mixed(0)?;
        let rows: Vec<_> = (0..arguments.rows())
            .map(|row| values(&vectors, row))
            .collect();
        let items: ArrayRef = match self {
            Self::Texts => {
                let texts = rows.iter().flatten().map(|value| Some(value.text.as_str()));
                Arc::new(texts.collect::<StringViewArray>())
            }
            Self::Points => {
                let count = rows.iter().map(Vec::len).sum::<usize>();
                refuse_many(count.saturating_mul(vectors.steps()), arguments.int(1)?)?;
                let mut out = StepWriter::new(count, vectors.steps());
                for (i, value) in rows.iter().flatten().enumerate() {
                    let mut row = out.row_mut(i);
                    value.steps.iter().for_each(|step| row.set(*step, 1.0));
                }
                out.finish().into_array()?
            }
        };
        let field = Arc::new(Field::new_list_field(items.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(rows.iter().map(Vec::len));
        Ok(Arc::new(ListArray::try_new(field, offsets, items, None)?))
    }
}

/// A value of a series, and where it has it.
struct Value {
    text: String,
    steps: Vec<usize>,
}

/// The different values of a row. NaN is one value, zeros of either sign are two.
fn values(vectors: &MixedVectors, row: usize) -> Vec<Value> {
    let mut points = Vec::new();
    vectors.floats.for_each(row, |step, v| {
        let v = if v.is_nan() { f64::NAN } else { v };
        points.push((v.to_bits(), step));
    });
    points.sort_unstable();
    let runs = points.chunk_by(|a, b| a.0 == b.0);
    let floats = runs.filter_map(|run| {
        let text = text(f64::from_bits(run.first()?.0));
        let steps = run.iter().map(|(_, step)| *step).collect();
        Some(Value { text, steps })
    });
    let mut histograms: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (step, histogram) in vectors.histograms(row) {
        histograms
            .entry(histogram.to_string())
            .or_default()
            .push(step);
    }
    let histograms = histograms
        .into_iter()
        .map(|(text, steps)| Value { text, steps });
    floats.chain(histograms).collect()
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

/// Points made of one batch: this is what may escape the count of memory.
const BATCH_POINTS_MAX: i64 = 1 << 25;

fn refuse_many(points: usize, most: i64) -> Result<()> {
    if i64::try_from(points).is_ok_and(|points| points <= most.min(BATCH_POINTS_MAX)) {
        return Ok(());
    }
    let message = "count_values() found too many different values for this many steps: \
                   round the values or use a larger step";
    Err(DataFusionError::External(Box::new(Error::limit(message))))
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
}
