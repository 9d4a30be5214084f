//! `count_values`: the different values of a series, and where it has each of them.
//!
//! `prom_value_texts(vector, most)` and `prom_value_points(vector, most)` give lists of equal length per row: the values as text, and
//! step vectors that are 1 where the series has that value. More than `most` points in a batch are refused.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, StringViewArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use narthex_model::Error;

use super::arguments::{any_signature, column, int, planned_vector};
use crate::steps::{StepVectors, StepWriter};

/// Which of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Values {
    /// The values as text.
    Texts,
    /// Where they are.
    Points,
}

impl Values {
    /// The function for plans.
    pub(crate) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(ValuesUdf {
            part: self,
            signature: any_signature(),
        }))
    }

    fn item(self, vector: DataType) -> DataType {
        match self {
            Self::Texts => DataType::Utf8View,
            Self::Points => vector,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ValuesUdf {
    part: Values,
    signature: Signature,
}

impl ScalarUDFImpl for ValuesUdf {
    fn name(&self) -> &str {
        match self.part {
            Values::Texts => "prom_value_texts",
            Values::Points => "prom_value_points",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let item = Field::new_list_field(self.part.item(planned_vector(&args)?), true);
        let list = DataType::List(Arc::new(item));
        Ok(Arc::new(Field::new(self.name(), list, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let vectors = column(&args.args, 0, args.number_rows)?;
        let vector_type = vectors.data_type().clone();
        let vectors = StepVectors::from_array(&vectors)?;
        let rows: Vec<_> = (0..args.number_rows)
            .map(|row| Runs::of(&vectors, row))
            .collect();
        let runs = || rows.iter().flat_map(Runs::iter);
        let items: ArrayRef = match self.part {
            Values::Texts => Arc::new(runs().map(|(v, _)| text(v)).collect::<StringViewArray>()),
            Values::Points => {
                let count = runs().count();
                refuse_many(count.saturating_mul(vectors.steps), int(&args.args, 1)?)?;
                let mut out = StepWriter::new(count, vectors.steps);
                for (i, (_, steps)) in runs().enumerate() {
                    let mut row = out.row_mut(i);
                    steps.iter().for_each(|(_, step)| row.set(*step, 1.0));
                }
                out.finish().into_array()?
            }
        };
        let lengths = rows.iter().map(|row| row.iter().count());
        let field = Arc::new(Field::new_list_field(self.part.item(vector_type), true));
        let lists = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), items, None)?;
        Ok(ColumnarValue::Array(Arc::new(lists)))
    }
}

/// The points of one row, equal values together. NaN is one value, zeros of either sign are two.
struct Runs(Vec<(u64, usize)>);

impl Runs {
    fn of(vectors: &StepVectors, row: usize) -> Self {
        let mut points = Vec::new();
        vectors.for_each(row, |step, v| {
            let v = if v.is_nan() { f64::NAN } else { v };
            points.push((v.to_bits(), step));
        });
        points.sort_unstable();
        Self(points)
    }

    fn iter(&self) -> impl Iterator<Item = (f64, &[(u64, usize)])> {
        let runs = self.0.chunk_by(|a, b| a.0 == b.0);
        runs.filter_map(|run| Some((f64::from_bits(run.first()?.0), run)))
    }
}

/// All digits, never an exponent.
fn text(v: f64) -> Option<String> {
    Some(match v {
        _ if v.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ => format!("{v}"),
    })
}

fn refuse_many(points: usize, most: i64) -> Result<()> {
    if i64::try_from(points).is_ok_and(|points| points <= most) {
        return Ok(());
    }
    let message = "count_values() found too many different values for this many steps: \
                   round the values, use a larger step, or raise --query.max-samples";
    Err(DataFusionError::External(Box::new(Error::limit(message))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let texts = [1e21, -0.0, 0.1 + 0.2, f64::NAN, f64::INFINITY, 1e-7]
            .map(|v| text(v).unwrap_or_default());
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
