//! A window function that checks what PromQL demands of a match: at most one series per group and step.
//!
//! `prom_unique(vector) OVER (PARTITION BY labels)` gives its input back, or fails.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::FieldRef;
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, WindowUDF, WindowUDFImpl};

use super::arguments::any_signature;
use crate::steps::StepVectors;

/// Which rule is broken when two series meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Duplicate {
    /// Two series of the left "one" side.
    OneSideLeft,
    /// Two series of the right "one" side.
    OneSideRight,
    /// Two results of a one-to-one match.
    OneToOne,
    /// Two results of a grouped match with the same labels.
    Grouped,
}

impl Duplicate {
    fn message(self) -> &'static str {
        match self {
            Self::OneSideLeft => {
                "found duplicate series for the match group on the left hand-side of the operation; \
                 many-to-many matching not allowed: matching labels must be unique on one side"
            }
            Self::OneSideRight => {
                "found duplicate series for the match group on the right hand-side of the operation; \
                 many-to-many matching not allowed: matching labels must be unique on one side"
            }
            Self::OneToOne => {
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            }
            Self::Grouped => {
                "multiple matches for labels: grouping labels must ensure unique matches"
            }
        }
    }

    /// The function for plans.
    pub(crate) fn udwf(self) -> Arc<WindowUDF> {
        Arc::new(WindowUDF::new_from_impl(UniqueUdf {
            rule: self,
            signature: any_signature(),
        }))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct UniqueUdf {
    rule: Duplicate,
    signature: Signature,
}

impl WindowUDFImpl for UniqueUdf {
    fn name(&self) -> &str {
        match self.rule {
            Duplicate::OneSideLeft => "prom_unique_left",
            Duplicate::OneSideRight => "prom_unique_right",
            Duplicate::OneToOne => "prom_unique_match",
            Duplicate::Grouped => "prom_unique_group",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(UniqueEvaluator { rule: self.rule }))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        match args.input_fields() {
            [vector, ..] => Ok(Arc::new(vector.as_ref().clone().with_name(args.name()))),
            [] => internal_err!("{} needs a vector", self.name()),
        }
    }
}

#[derive(Debug)]
struct UniqueEvaluator {
    rule: Duplicate,
}

impl PartitionEvaluator for UniqueEvaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let vectors = StepVectors::from_array(&values[0])?;
        let mut taken = vec![false; vectors.steps];
        let mut clash = false;
        for row in 0..rows {
            vectors.for_each(row, |step, _| {
                clash |= std::mem::replace(&mut taken[step], true);
            });
        }
        if clash {
            return plan_err!("{}", self.rule.message());
        }
        Ok(values[0].clone())
    }
}
