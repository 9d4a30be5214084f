//! Instant and range vectors as plans.

use std::sync::Arc;

use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ScalarUDF};
use narthex_model::{METRIC_NAME, Result, label_column};

use super::columns::{VALUE, absent_label, call, column, known_label, label, projected, window};
use super::names::Names;
use super::scalar::attach;
use super::{Planned, planning};
use crate::functions::group::{Duplicate, Unique};
use crate::functions::meeting::Meeting;
use crate::functions::merge::Merge;
use crate::functions::plan_function::PlanFunction;
use crate::functions::to_mixed::ToMixed;
use crate::functions::window::GroupFunction;
use crate::kernels::extended::Reach;
use crate::kernels::windows::Windows;
use crate::mixed::is_mixed;

/// An instant vector: one row per series, a column per label of `labels`, and the step vector.
#[derive(Clone)]
pub(super) struct Vector {
    pub(super) plan: LogicalPlan,
    /// Names of the labels that have a column, sorted.
    pub(super) labels: Vec<String>,
    /// Whether no two rows agree in all labels but those that say what the metric is.
    pub(super) distinct: bool,
    /// What becomes of the metrics' names.
    pub(super) names: Names,
}

/// A range vector: one row per series, a column per label, and lists of samples.
pub(super) struct Samples {
    pub(super) plan: LogicalPlan,
    /// Names of the labels that have a column, sorted.
    pub(super) labels: Vec<String>,
    /// As in [`Vector::distinct`].
    pub(super) distinct: bool,
    /// As in [`Vector::names`].
    pub(super) names: Names,
    /// Where the windows lie.
    pub(super) windows: Windows,
    /// The end of the first of them, as an argument.
    pub(super) first_end: Expr,
    /// How far the samples reach beyond them, with `anchored` and `smoothed`.
    pub(super) reach: Option<Reach>,
    /// Whether there is a column of native histograms.
    pub(super) histograms: bool,
    /// Whether there is a column that says since when floats count, and it matters.
    pub(super) starts: bool,
    /// The metric's name, if the selector says that all series have this one.
    pub(super) metric: Option<String>,
}

impl Samples {
    /// The metric's name of each row: known, a column, or absent.
    pub(super) fn metric_name(&self) -> Expr {
        match &self.metric {
            Some(metric) => known_label(metric),
            None => metric_name(&self.labels),
        }
    }
}

impl Samples {
    /// The same series, still without the value column that comes next.
    pub(super) fn into_vector(self) -> Vector {
        Vector {
            plan: self.plan,
            labels: self.labels,
            distinct: self.distinct,
            names: self.names,
        }
    }
}

/// The metric's name of each row with these `labels`.
pub(super) fn metric_name(labels: &[String]) -> Expr {
    if labels.iter().any(|l| l == METRIC_NAME) {
        column(label_column(METRIC_NAME))
    } else {
        absent_label()
    }
}

/// Labels that say what a metric is; an operation that gives its values another meaning drops them.
const MEANING: [&str; 3] = [METRIC_NAME, "__type__", "__unit__"];

/// Whether `label` goes when values change their meaning.
pub(super) fn says_meaning(label: &str) -> bool {
    MEANING.contains(&label)
}

/// `labels` without those that say what the metric is.
pub(super) fn nameless(labels: &[String]) -> Vec<String> {
    let kept = labels.iter().filter(|l| !says_meaning(l));
    kept.cloned().collect()
}

/// Projects `plan` to the columns of `labels` and `value` as the value column.
pub(super) fn project(plan: LogicalPlan, labels: &[String], value: Expr) -> Result<LogicalPlan> {
    let columns = labels.iter().map(|l| label(l)).chain([value.alias(VALUE)]);
    projected(plan, columns.collect())
}

impl Vector {
    /// Whether a point may be a native histogram.
    pub(super) fn is_mixed(&self) -> bool {
        let schema = self.plan.schema();
        let value = schema.field_with_unqualified_name(VALUE);
        value.is_ok_and(|field| is_mixed(field.data_type()))
    }

    /// The value column.
    pub(super) fn value(&self) -> Expr {
        column(VALUE)
    }

    /// The same series with `udf` of their values.
    pub(super) fn map(self, udf: &Arc<ScalarUDF>) -> Result<Self> {
        let value = call(udf, vec![self.value()]);
        self.with_value(value)
    }

    /// The same vector, mixed: a step may have a histogram.
    pub(super) fn mixed(self) -> Result<Self> {
        if self.is_mixed() {
            return Ok(self);
        }
        self.map(&ToMixed.udf())
    }

    /// The same series with other values.
    pub(super) fn with_value(self, value: Expr) -> Result<Self> {
        let labels = self.labels.iter().map(|l| label(l));
        let columns = labels
            .chain(self.names.column())
            .chain([value.alias(VALUE)]);
        let plan = projected(self.plan, columns.collect())?;
        Ok(Self { plan, ..self })
    }

    /// The same series with values of another meaning, so without the metric's name.
    pub(super) fn map_nameless(self, value: Expr) -> Result<Self> {
        if self.names != Names::Eager {
            let names = self.names.dropped();
            return Ok(Self {
                plan: project(self.plan, &self.labels, value)?,
                names,
                ..self
            });
        }
        let labels = nameless(&self.labels);
        let renamed = Self {
            plan: project(self.plan, &labels, value)?,
            labels: labels.clone(),
            ..self
        };
        if labels.len() == self.labels.len() {
            return Ok(renamed);
        }
        renamed.checked_unique(&labels, Duplicate::SameLabels)
    }

    /// Joins scalars: afterwards each is a literal or a column of the plan.
    pub(super) fn attach(self, scalars: Vec<Planned>) -> Result<(Self, Vec<Expr>)> {
        let (plan, operands) = attach(self.plan, scalars)?;
        Ok((Self { plan, ..self }, operands))
    }

    /// Whether at most one row has given values of `labels`, as far as the plan alone tells.
    pub(super) fn is_unique_by(&self, labels: &[String]) -> bool {
        self.distinct
            && self
                .labels
                .iter()
                .all(|l| says_meaning(l) || labels.contains(l))
    }

    /// The same vector, checked while it runs: at most one point per step among rows that agree in `labels`.
    pub(super) fn checked_unique(self, labels: &[String], rule: Duplicate) -> Result<Self> {
        if self.is_unique_by(labels) {
            return Ok(self);
        }
        self.checked(labels, rule, None)
    }

    /// As [`Vector::checked_unique`], but always checked; a `meeting` decides later whether a clash counts.
    pub(super) fn checked(
        self,
        labels: &[String],
        rule: Duplicate,
        meeting: Option<Meeting>,
    ) -> Result<Self> {
        let function = Unique {
            rule,
            labels: self.labels.clone(),
            keys: labels.to_vec(),
            meeting,
        };
        let shown = self.labels.iter().map(|l| column(label_column(l)));
        let arguments = [self.value()].into_iter().chain(shown).collect();
        self.over_groups(function, arguments, labels)
    }

    /// The same vector with one row for all rows of the same labels.
    pub(super) fn merged(self) -> Result<Self> {
        let labels = self.labels.clone();
        let value = vec![self.value()];
        self.over_groups(Merge, value, &labels)
    }

    /// `function(arguments)` of the rows that agree in `labels`.
    fn over_groups(
        self,
        function: impl GroupFunction,
        arguments: Vec<Expr>,
        labels: &[String],
    ) -> Result<Self> {
        let partition = labels
            .iter()
            .filter(|l| self.labels.contains(l))
            .map(|l| column(label_column(l)))
            .collect();
        let value = window(function.udwf(), arguments, partition)?;
        let name = value.schema_name().to_string();
        let plan = LogicalPlanBuilder::from(self.plan).window([value]);
        let plan = plan.and_then(LogicalPlanBuilder::build).map_err(planning)?;
        Self { plan, ..self }.with_value(column(name))
    }
}
