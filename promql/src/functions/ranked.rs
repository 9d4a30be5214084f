//! Window functions that keep some series of a group at each step: `topk`, `bottomk`, `limitk`.
//!
//! `prom_topk(vector, k, label, …) OVER (PARTITION BY labels)` gives each row with holes where it is not kept. Series come in the
//! order of their labels, so that ties are decided alike however the rows arrive.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, internal_err};

use super::label_sets::LabelSets;
use super::window::GroupFunction;
use crate::kernels::top::Top;
use crate::mixed::{MixedVectors, is_mixed, kept};
use crate::steps::{StepVectors, StepWriter};

/// Which points are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ranked {
    /// The largest; NaN last.
    Topk,
    /// The smallest; NaN last.
    Bottomk,
    /// The first.
    Limitk,
}

impl GroupFunction for Ranked {
    fn name(&self) -> &'static str {
        match self {
            Self::Topk => "prom_topk",
            Self::Bottomk => "prom_bottomk",
            Self::Limitk => "prom_limitk",
        }
    }

    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let [vectors, k, labels @ ..] = arguments else {
            return internal_err!("{} needs a vector and a number", self.name());
        };
        let counts = Counts::read(k)?;
        let order = LabelSets::of(labels).order(rows);
        if is_mixed(vectors.data_type()) {
            return self.evaluate_mixed(vectors, rows, &counts, &order);
        }
        let vectors = StepVectors::from_array(vectors)?;
        let mut out = StepWriter::new(rows, vectors.steps);
        let mut top = self.top();
        for step in 0..vectors.steps {
            top.restart(counts.at(step).min(rows));
            for row in &order {
                if vectors.has(*row, step) {
                    top.offer(*row, vectors.row(*row)[step]);
                }
            }
            for (row, v) in top.kept() {
                out.row_mut(*row).set(step, *v);
            }
        }
        out.finish().into_array()
    }
}

impl Ranked {
    fn top(self) -> Top {
        match self {
            Self::Topk => Top::largest(),
            Self::Bottomk => Top::smallest(),
            Self::Limitk => Top::first(),
        }
    }

    /// Histograms have no rank: they only count where order does not.
    fn evaluate_mixed(
        self,
        array: &ArrayRef,
        rows: usize,
        counts: &Counts,
        order: &[usize],
    ) -> Result<ArrayRef> {
        let vectors = MixedVectors::from_array(array)?;
        let steps = vectors.steps();
        let mut there: Vec<Vec<(usize, f64)>> = vec![Vec::new(); steps];
        for row in order {
            let floats = &vectors.floats;
            floats.for_each(*row, |step, v| there[step].push((*row, v)));
            if self == Self::Limitk {
                let histograms = vectors.histogram_steps(*row);
                histograms.for_each(|step| there[step].push((*row, 0.0)));
            }
        }
        let mut keep = vec![false; rows * steps];
        let mut top = self.top();
        for (step, there) in there.iter().enumerate() {
            top.restart(counts.at(step).min(rows));
            there.iter().for_each(|(row, v)| top.offer(*row, *v));
            for (row, _) in top.kept() {
                keep[row * steps + step] = true;
            }
        }
        kept(array, rows, |row, step| keep[row * steps + step])
    }
}

/// How many points to keep, checked by the planner to be numbers.
enum Counts {
    Always(f64),
    ByStep(StepVectors),
}

impl Counts {
    fn read(parameter: &ArrayRef) -> Result<Self> {
        Ok(match parameter.data_type() {
            DataType::Float64 => Self::Always(parameter.as_primitive::<Float64Type>().value(0)),
            _ => Self::ByStep(StepVectors::from_array(parameter)?),
        })
    }

    fn at(&self, step: usize) -> usize {
        let k = match self {
            Self::Always(k) => *k,
            Self::ByStep(vectors) => vectors.row(0)[step],
        };
        k.max(0.0) as usize
    }
}
