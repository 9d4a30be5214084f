//! A window function that checks what PromQL demands of a match: at most one series per group and step.
//!
//! `prom_unique(vector) OVER (PARTITION BY labels)` gives its input back, or fails.

use arrow::array::ArrayRef;
use datafusion::common::{Result, plan_err};

use super::merge::SAME_LABELS;
use super::window::GroupFunction;
use crate::mixed::MixedVectors;

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
    /// Two series that differ by the name they have lost.
    SameLabels,
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
            Self::SameLabels => SAME_LABELS,
        }
    }
}

impl GroupFunction for Duplicate {
    fn name(self) -> &'static str {
        match self {
            Self::OneSideLeft => "prom_unique_left",
            Self::OneSideRight => "prom_unique_right",
            Self::OneToOne => "prom_unique_match",
            Self::Grouped => "prom_unique_group",
            Self::SameLabels => "prom_unique_labels",
        }
    }

    fn evaluate(self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let vectors = MixedVectors::from_array(&arguments[0])?;
        let mut taken = vec![false; vectors.steps()];
        let mut clash = false;
        for row in 0..rows {
            vectors.for_each_present(row, |step| {
                clash |= std::mem::replace(&mut taken[step], true);
            });
        }
        if clash {
            return plan_err!("{}", self.message());
        }
        Ok(arguments[0].clone())
    }
}
