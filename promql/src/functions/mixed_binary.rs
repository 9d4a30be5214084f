//! Binary operators where a point may be a native histogram.
//!
//! `prom_mixed_binary(left, right)`: each mixed vectors, step vectors or a number, not both numbers. Operators that have no
//! meaning for what they meet give nothing and say so.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};
use narthex_model::ResetHint;

use super::arguments::{ArgumentTypes, Arguments};
use super::binary::{Comparison, arithmetic, comparison};
use super::plan_function::PlanFunction;
use crate::ast::BinaryOp;
use crate::histogram::{Combined, FloatHistogram, Incompatible, Keep, Operation, Point};
use crate::mixed::{MixedVectors, MixedWriter, mixed_type};
use crate::notes::{Note, Speaker};

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

impl PlanFunction for MixedBinary {
    fn plan_name(&self) -> Cow<'static, str> {
        "prom_mixed_binary".into()
    }

    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.steps().map(mixed_type)
    }

    fn call(&self, arguments: &Arguments) -> Result<ArrayRef> {
        let left = Operand::read(arguments, 0)?;
        let right = Operand::read(arguments, 1)?;
        let Some(steps) = left.steps().or(right.steps()) else {
            return internal_err!("constants are folded by the planner");
        };
        let mut out = MixedWriter::new(arguments.rows(), steps);
        for row in 0..arguments.rows() {
            let pairs = left.row(row, steps).into_iter().zip(right.row(row, steps));
            out.push_row(pairs.map(|pair| match pair {
                (Some(a), Some(b)) => self.apply(a, b),
                _ => None,
            }));
        }
        out.finish()
    }
}

enum Operand {
    Number(f64),
    Vectors(Box<MixedVectors>),
}

impl Operand {
    fn read(arguments: &Arguments, position: usize) -> Result<Self> {
        Ok(match arguments.number(position)? {
            Some(number) => Self::Number(number),
            None => Self::Vectors(Box::new(arguments.mixed(position)?)),
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
