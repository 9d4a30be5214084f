//! Aggregations: series of a group become one, step by step.
//!
//! Two kinds of state: a few numbers per group and step ([`fold`]), or all points of the group ([`collect`]).

mod collect;
mod fold;
mod folds;
mod histogram;
mod mixed;
mod single;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature,
};

use super::plan_function::any_signature;
use crate::mixed::mixed_type;
use crate::notes::Speaker;
use crate::steps::{step_type, steps_of};
use collect::{Collected, Collector};
use fold::{Fold, FoldAccumulator};
use mixed::MixedAccumulator;
use single::SingleGroup;

/// The aggregations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Aggregation {
    /// `prom_sum(vector)`
    Sum,
    /// `prom_avg(vector)`
    Avg,
    /// `prom_mixed_sum(mixed vector)`
    MixedSum,
    /// `prom_mixed_avg(mixed vector)`
    MixedAvg,
    /// `prom_count(vector)`
    Count,
    /// `prom_min(vector)`
    Min,
    /// `prom_max(vector)`
    Max,
    /// `prom_group(vector)`: 1 where any series has a point.
    Group,
    /// `prom_stddev(vector)`
    Stddev,
    /// `prom_stdvar(vector)`
    Stdvar,
    /// `prom_scalar(vector)`: the value where exactly one series has a point, else NaN.
    Scalar,
    /// `prom_quantile(vector, phi)`
    Quantile,
    /// `prom_histogram_quantile(vector, phi, le, name, NaN[, natives])`
    HistogramQuantile,
    /// `prom_histogram_fraction(vector, lower, le, name, upper[, natives])`
    HistogramFraction,
}

impl Aggregation {
    /// The function for plans, for what it may have to say with a speaker.
    pub(crate) fn udaf(self, speaker: Option<Speaker>) -> Arc<AggregateUDF> {
        Arc::new(AggregateUDF::new_from_impl(AggregationUdaf {
            function: self,
            speaker,
            signature: any_signature(),
        }))
    }

    fn is_mixed(self) -> bool {
        matches!(self, Self::MixedSum | Self::MixedAvg)
    }

    /// How many step-vector columns the state has of floats, for those that fold.
    fn fold_columns(self) -> Option<usize> {
        match self {
            Self::Count | Self::Min | Self::Max | Self::Group => Some(1),
            Self::Sum | Self::MixedSum | Self::Scalar => Some(2),
            Self::Avg | Self::MixedAvg | Self::Stddev | Self::Stdvar => Some(3),
            Self::Quantile | Self::HistogramQuantile | Self::HistogramFraction => None,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AggregationUdaf {
    function: Aggregation,
    speaker: Option<Speaker>,
    signature: Signature,
}

impl AggregationUdaf {
    fn groups(&self, steps: usize) -> Box<dyn GroupsAccumulator> {
        let speaker = || self.speaker.clone();
        match self.function {
            Aggregation::Sum => folded(folds::Sum, steps),
            Aggregation::Avg => folded(folds::Avg, steps),
            Aggregation::MixedSum => Box::new(MixedAccumulator::new(false, steps, speaker())),
            Aggregation::MixedAvg => Box::new(MixedAccumulator::new(true, steps, speaker())),
            Aggregation::Count => folded(folds::Count, steps),
            Aggregation::Min => folded(folds::Min, steps),
            Aggregation::Max => folded(folds::Max, steps),
            Aggregation::Group => folded(folds::Group, steps),
            Aggregation::Stddev => folded(folds::Variance { root: true }, steps),
            Aggregation::Stdvar => folded(folds::Variance { root: false }, steps),
            Aggregation::Scalar => folded(folds::Only, steps),
            Aggregation::Quantile => Box::new(Collector::new(steps, collect::quantile, None)),
            Aggregation::HistogramQuantile => {
                Box::new(Collector::new(steps, histogram::quantile, speaker()))
            }
            Aggregation::HistogramFraction => {
                Box::new(Collector::new(steps, histogram::fraction, speaker()))
            }
        }
    }
}

fn folded<const N: usize>(fold: impl Fold<N>, steps: usize) -> Box<dyn GroupsAccumulator> {
    Box::new(FoldAccumulator::new(fold, steps))
}

/// The states of rows of which each is a group of its own, by a fresh accumulator.
fn states_of_each(
    mut fresh: impl GroupsAccumulator,
    values: &[ArrayRef],
    filter: Option<&BooleanArray>,
) -> Result<Vec<ArrayRef>> {
    let rows = values.first().map_or(0, Array::len);
    fresh.update_batch(values, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
    fresh.state(EmitTo::All)
}

/// What is emitted of groups, as so much of their points.
fn of_points(groups: EmitTo, steps: usize) -> EmitTo {
    match groups {
        EmitTo::All => EmitTo::All,
        EmitTo::First(groups) => EmitTo::First(groups * steps),
    }
}

impl AggregateUDFImpl for AggregationUdaf {
    fn name(&self) -> &str {
        match self.function {
            Aggregation::Sum => "prom_sum",
            Aggregation::Avg => "prom_avg",
            Aggregation::MixedSum => "prom_mixed_sum",
            Aggregation::MixedAvg => "prom_mixed_avg",
            Aggregation::Count => "prom_count",
            Aggregation::Min => "prom_min",
            Aggregation::Max => "prom_max",
            Aggregation::Group => "prom_group",
            Aggregation::Stddev => "prom_stddev",
            Aggregation::Stdvar => "prom_stdvar",
            Aggregation::Scalar => "prom_scalar",
            Aggregation::Quantile => "prom_quantile",
            Aggregation::HistogramQuantile => "prom_histogram_quantile",
            Aggregation::HistogramFraction => "prom_histogram_fraction",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        match args.first().and_then(steps_of) {
            Some(steps) if self.function.is_mixed() => Ok(mixed_type(steps)),
            Some(steps) => Ok(step_type(steps)),
            None => internal_err!("{} needs step vectors, got {args:?}", self.name()),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let steps = steps_of(args.return_field.data_type()).unwrap_or(0);
        Ok(Box::new(SingleGroup::new(self.groups(steps))))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let steps = steps_of(args.return_field.data_type()).unwrap_or(0);
        let field = |name: &str, data_type| {
            Arc::new(Field::new(
                format_state_name(args.name, name),
                data_type,
                true,
            ))
        };
        let mixed = if self.function.is_mixed() {
            mixed::state_types(steps).to_vec()
        } else {
            Vec::new()
        };
        let mixed = mixed
            .into_iter()
            .map(|(name, data_type)| field(name, data_type));
        Ok(match self.function.fold_columns() {
            Some(columns) => (0..columns)
                .map(|i| field(&format!("state{i}"), step_type(steps)))
                .chain(mixed)
                .collect(),
            None => Collected::state_types()
                .map(|(name, data_type)| field(name, data_type))
                .to_vec(),
        })
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(self.groups(steps_of(args.return_field.data_type()).unwrap_or(0)))
    }

    fn order_sensitivity(&self) -> datafusion::logical_expr::utils::AggregateOrderSensitivity {
        datafusion::logical_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}
