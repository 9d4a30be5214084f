//! Binary operators where a point may be a native histogram.
//!
//! `prom_mixed_binary(left, right)`: each mixed vectors, step vectors or a number, not both numbers. Operators that have no
//! meaning for what they meet give nothing and say so.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use narthex_model::ResetHint;

use super::arguments::any_signature;
use super::binary::{Comparison, arithmetic, comparison};
use crate::ast::BinaryOp;
use crate::histogram::{Combined, FloatHistogram, Incompatible, Keep, Operation, Point};
use crate::mixed::{MixedVectors, MixedWriter, mixed_type};
use crate::notes::{Note, Speaker};
use crate::steps::steps_of;

/// An operator with the way it is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct MixedBinary {
    /// The operator.
    pub(crate) op: BinaryOp,
    /// What a comparison gives.
    pub(crate) comparison: Comparison,
    /// Whether a comparison that filters keeps the right side: the left one is a scalar.
    pub(crate) keeps_right: bool,
    /// Who says what did not fit.
    pub(crate) speaker: Speaker,
}

impl MixedBinary {
    /// The function for plans.
    pub(crate) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(MixedBinaryUdf {
            operator: self,
            signature: any_signature(),
        }))
    }

    /// The result for two points; `None` if there is none.
    fn apply(&self, left: Point, right: Point) -> Option<Point> {
        if comparison(self.op).is_some() {
            return self.compare(left, right);
        }
        match (left, right) {
            (Point::Float(a), Point::Float(b)) => {
                arithmetic(self.op).map(|f| Point::Float(f(a, b)))
            }
            (Point::Histogram(a), Point::Float(b)) => self.scaled(a, b).map(Point::Histogram),
            (Point::Float(a), Point::Histogram(mut b)) => match self.op {
                BinaryOp::Mul => {
                    b.multiply(a);
                    Some(Point::Histogram(b))
                }
                _ => self.misfit("float", "histogram"),
            },
            (Point::Histogram(a), Point::Histogram(b)) => {
                self.combined(a, &b).map(Point::Histogram)
            }
        }
    }

    fn scaled(&self, mut a: FloatHistogram, b: f64) -> Option<FloatHistogram> {
        match self.op {
            BinaryOp::Mul => a.multiply(b),
            BinaryOp::Div => a.divide(b),
            BinaryOp::TrimUpper => return Some(a.trim(Keep::Below, b)),
            BinaryOp::TrimLower => return Some(a.trim(Keep::Above, b)),
            _ => return self.misfit("histogram", "float"),
        }
        Some(a)
    }

    fn combined(&self, mut a: FloatHistogram, b: &FloatHistogram) -> Option<FloatHistogram> {
        let (combined, operation) = match self.op {
            BinaryOp::Add => (a.add(b), Operation::Addition),
            BinaryOp::Sub => (a.sub(b), Operation::Subtraction),
            _ => return self.misfit("histogram", "histogram"),
        };
        let operation = operation.name();
        match combined {
            Err(Incompatible) => {
                let operator = self.op.as_str();
                self.speaker
                    .say(&Note::IncompatibleBucketLayout { operator });
                return None;
            }
            Ok(Combined {
                collision,
                reconciled,
            }) => {
                if collision {
                    self.speaker.say(&Note::CounterResetCollision { operation });
                }
                if reconciled {
                    self.speaker
                        .say(&Note::MismatchedCustomBuckets { operation });
                }
            }
        }
        if self.op == BinaryOp::Sub {
            a.hint = ResetHint::Gauge;
        }
        Some(a)
    }

    fn compare(&self, left: Point, right: Point) -> Option<Point> {
        let holds = match (&left, &right) {
            (Point::Float(a), Point::Float(b)) => comparison(self.op).is_some_and(|f| f(*a, *b)),
            (Point::Histogram(a), Point::Histogram(b)) => match self.op {
                BinaryOp::Equal => a.same(b),
                BinaryOp::NotEqual => !a.same(b),
                _ => return self.misfit("histogram", "histogram"),
            },
            (Point::Histogram(_), Point::Float(_)) => return self.misfit("histogram", "float"),
            (Point::Float(_), Point::Histogram(_)) => return self.misfit("float", "histogram"),
        };
        match self.comparison {
            Comparison::Bool => Some(Point::Float(f64::from(u8::from(holds)))),
            Comparison::Filter => holds.then_some(if self.keeps_right { right } else { left }),
        }
    }

    fn misfit<T>(&self, left: &str, right: &str) -> Option<T> {
        let operator = self.op.as_str();
        self.speaker.say(&Note::IncompatibleTypes {
            left,
            operator,
            right,
        });
        None
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MixedBinaryUdf {
    operator: MixedBinary,
    signature: Signature,
}

impl ScalarUDFImpl for MixedBinaryUdf {
    fn name(&self) -> &'static str {
        "prom_mixed_binary"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the number of steps is needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let mut types = args.arg_fields.iter().map(|f| f.data_type());
        match types.find_map(steps_of) {
            Some(steps) => Ok(Arc::new(Field::new(self.name(), mixed_type(steps), true))),
            None => internal_err!("no argument is a vector"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [left, right] = &args.args[..] else {
            return internal_err!("an operator has two sides");
        };
        let (left, right) = (Operand::read(left, rows)?, Operand::read(right, rows)?);
        let Some(steps) = left.steps().or(right.steps()) else {
            return internal_err!("constants are folded by the planner");
        };
        let mut out = MixedWriter::new(rows, steps);
        for row in 0..rows {
            let pairs = left.row(row, steps).into_iter().zip(right.row(row, steps));
            out.push_row(pairs.map(|pair| match pair {
                (Some(a), Some(b)) => self.operator.apply(a, b),
                _ => None,
            }));
        }
        Ok(ColumnarValue::Array(out.finish()?))
    }
}

enum Operand {
    Number(f64),
    Vectors(Box<MixedVectors>),
}

impl Operand {
    fn read(value: &ColumnarValue, rows: usize) -> Result<Self> {
        Ok(match value {
            ColumnarValue::Scalar(ScalarValue::Float64(Some(v))) => Self::Number(*v),
            other => Self::Vectors(Box::new(MixedVectors::from_array(&other.to_array(rows)?)?)),
        })
    }

    fn steps(&self) -> Option<usize> {
        match self {
            Self::Number(_) => None,
            Self::Vectors(vectors) => Some(vectors.steps()),
        }
    }

    fn row(&self, row: usize, steps: usize) -> Vec<Option<Point>> {
        match self {
            Self::Number(v) => vec![Some(Point::Float(*v)); steps],
            Self::Vectors(vectors) => vectors.row(row),
        }
    }
}
