//! Selectors: a scan made for these matchers and this time range.

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use narthex_model::{
    Error, HISTOGRAMS_COLUMN, MARKERS_COLUMN, METRIC_NAME, MatchOp, Matcher, Result, STARTS_COLUMN,
    TIMESTAMPS_COLUMN, TimeRange, TimestampMs, VALUES_COLUMN,
};

use super::again::Wish;
use super::columns::{call, column, label, projected};
use super::outline::Chosen;
use super::vector::{Samples, Vector, says_meaning};
use super::{Planner, planning};
use crate::ast::{self, At, Extension, MatrixSelector, Modifiers, Node, Span, VectorSelector};
use crate::functions::counted::{Counted, Looks};
use crate::functions::extended::extended_function;
use crate::functions::mixed_points::MixedInstant;
use crate::functions::plan_function::PlanFunction;
use crate::functions::points::{Instant, Take};
use crate::functions::start_times::StartTimestamp;
use crate::kernels::extended::Reach;
use crate::kernels::windows::Windows;
use crate::source::SelectedSeries;

impl Planner<'_> {
    /// The newest value in the lookback at each step.
    pub(super) fn instant_selector(&self, selector: &VectorSelector, span: Span) -> Result<Vector> {
        // `anchored` changes nothing for an instant: the newest sample is taken anyway.
        if selector.extension != Some(Extension::Smoothed) {
            return self.newest(selector, Take::Value, VALUES_COLUMN);
        }
        let windows = self.windows(0, &selector.modifiers)?;
        let samples = self.scan(selector, windows, Looks::AtNewest)?;
        if samples.histograms {
            let value = self.over_mixed("", &samples, Vec::new(), span);
            return samples.into_vector().with_value(value);
        }
        let function = extended_function("", Extension::Smoothed, None);
        let function =
            function.ok_or_else(|| Error::internal("no function of smoothed selectors"))?;
        let value = call(&function, samples.arguments());
        samples.into_vector().with_value(value)
    }

    /// The time of the newest sample in the lookback at each step, in seconds.
    pub(super) fn instant_times(&self, selector: &VectorSelector) -> Result<Vector> {
        self.newest(selector, Take::Timestamp, MARKERS_COLUMN)
    }

    /// A vector of which it only matters where `expr` has points: its values may be any.
    pub(super) fn presence(&self, expr: &ast::Expr) -> Result<Vector> {
        let expr = expr.without_parens();
        let shared = self.common.stands_for(expr).is_some() || self.invariants.contains(expr);
        match &expr.node {
            Node::Vector(selector) if selector.extension.is_none() && !shared => {
                self.newest(selector, Take::Value, MARKERS_COLUMN)
            }
            _ => self.vector(expr),
        }
    }

    /// What to take of the newest sample in the lookback, where floats are those of the column `values`.
    fn newest(&self, selector: &VectorSelector, take: Take, values: &str) -> Result<Vector> {
        let windows = self.windows(self.params.lookback_ms, &selector.modifiers)?;
        let samples = self.scan(selector, windows, Looks::AtNewest)?;
        let value = if samples.histograms {
            call(&MixedInstant(take).udf(), samples.mixed_arguments())
        } else {
            call(&Instant(take).udf(), samples.arguments_over(values))
        };
        samples.into_vector().with_value(value)
    }

    /// Since when the newest sample in the lookback counts, at each step.
    pub(super) fn start_timestamps(&self, selector: &VectorSelector) -> Result<Vector> {
        let windows = self.windows(self.params.lookback_ms, &selector.modifiers)?;
        let samples = self.scan(selector, windows, Looks::AtNewest)?;
        let lists = samples.histograms.then(|| column(HISTOGRAMS_COLUMN));
        let starts = samples.starts.then(|| column(STARTS_COLUMN));
        let arguments = samples.arguments().into_iter().chain(lists).chain(starts);
        let start = StartTimestamp {
            histograms: samples.histograms,
            starts: samples.starts,
        };
        let value = call(&start.udf(), arguments.collect());
        samples.into_vector().map_nameless(value)
    }

    /// All samples of each window.
    pub(super) fn matrix_selector(&self, selector: &MatrixSelector) -> Result<Samples> {
        let range = self.positive_duration(&selector.range)?;
        let windows = self.windows(range, &selector.vector.modifiers)?;
        self.scan(&selector.vector, windows, Looks::AtAll)
    }

    /// The windows that modifiers lay over the grid.
    pub(super) fn windows(&self, range: i64, modifiers: &Modifiers) -> Result<Windows> {
        let offset = modifiers
            .offset
            .as_ref()
            .map_or(Ok(0), |offset| self.duration(offset))?;
        Ok(Windows::over(
            self.grid,
            range,
            offset,
            self.pinned(modifiers),
        ))
    }

    /// The instant of `@`.
    pub(super) fn pinned(&self, modifiers: &Modifiers) -> Option<TimestampMs> {
        modifiers.at.map(|at| match at {
            At::Timestamp(t) => {
                self.again.never();
                t
            }
            At::Start => self.query.start,
            At::End => self.params.end,
        })
    }

    pub(super) fn scan(
        &self,
        selector: &VectorSelector,
        windows: Windows,
        looks: Looks,
    ) -> Result<Samples> {
        let reach = selector.extension.map(|extension| Reach {
            extension,
            lookback: self.params.lookback_ms,
        });
        let stored =
            reach.map_or_else(|| windows.stored(), |reach| reach.around(&windows).stored());
        // One look at the newest sample needs no others.
        let newest = looks == Looks::AtNewest && windows.steps == 1 && reach.is_none();
        let wish = Wish {
            matchers: &selector.matchers,
            range: stored,
            newest,
        };
        let mut selected = wish.of(self.source)?;
        let chosen = Chosen {
            series: selected.series as u64,
            samples_max: selected.samples_max,
            range: stored,
        };
        self.decisions.chose(selector, self.grid, chosen);
        let histograms = has_column(&selected, HISTOGRAMS_COLUMN);
        let width = self.width(windows.steps, histograms);
        self.charges.add(selected.samples_max)?;
        self.charges.add_vectors(selected.series, width)?;
        self.again.chose(wish, Some(width), &selected);
        if histograms {
            // What is known of resets before a histogram follows from the sample before it.
            let earlier = stored.start.saturating_sub(self.params.lookback_ms);
            let longer = TimeRange::new(earlier, stored.end);
            let wish = Wish {
                range: longer,
                newest: false,
                ..wish
            };
            selected = wish.of(self.source)?;
            self.again.chose(wish, None, &selected);
        }
        let metric = only_name(&selector.matchers);
        let meant = selected.label_names.iter().filter(|l| says_meaning(l));
        let distinct = match meant.map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => true,
            [METRIC_NAME] => metric.is_some(),
            _ => false,
        };
        let starts = self.params.start_timestamps && has_column(&selected, STARTS_COLUMN);
        let plan = self.with_hints(&selected, scan(&selected, selector)?)?;
        let samples = Samples {
            plan,
            labels: selected.label_names,
            distinct,
            first_end: self.instant(windows.first_end),
            windows,
            metric,
            reach,
            names: self.names(),
            histograms,
            starts,
        };
        self.counted(samples, looks)
    }
}

impl Planner<'_> {
    /// The same samples; whoever reads them counts what the steps look at, if that is wanted.
    pub(super) fn counted(&self, samples: Samples, looks: Looks) -> Result<Samples> {
        let Some(counts) = self.counts else {
            return Ok(samples);
        };
        let mut arguments = samples.arguments();
        let histograms = samples.histograms.then_some(arguments.len());
        arguments.extend(histograms.map(|_| column(HISTOGRAMS_COLUMN)));
        let counted = Counted {
            counts: counts.clone(),
            looks,
            histograms,
        };
        let counted = call(&counted.udf(), arguments);
        let fields = samples.plan.schema().fields().iter();
        let columns = fields.map(|field| match field.name().as_str() {
            TIMESTAMPS_COLUMN => counted.clone().alias(TIMESTAMPS_COLUMN),
            name => column(name),
        });
        let plan = projected(samples.plan.clone(), columns.collect())?;
        Ok(Samples { plan, ..samples })
    }
}

impl Planner<'_> {
    /// The rows of `scanned` with the hints that readers see.
    fn with_hints(&self, selected: &SelectedSeries, scanned: LogicalPlan) -> Result<LogicalPlan> {
        if !has_column(selected, HISTOGRAMS_COLUMN) {
            return Ok(scanned);
        }
        let samples = [TIMESTAMPS_COLUMN, VALUES_COLUMN, HISTOGRAMS_COLUMN].map(column);
        let hinted = call(&self.buckets.hints().udf(), samples.to_vec());
        let [times, values, _] = samples;
        let labels = selected.label_names.iter().map(|l| label(l));
        let starts = has_column(selected, STARTS_COLUMN).then(|| column(STARTS_COLUMN));
        let samples = [times, values, hinted.alias(HISTOGRAMS_COLUMN)];
        let samples = samples.into_iter().chain(starts);
        LogicalPlanBuilder::from(scanned)
            .project(labels.chain(samples))
            .and_then(LogicalPlanBuilder::build)
            .map_err(planning)
    }
}

fn has_column(selected: &SelectedSeries, name: &str) -> bool {
    selected.table.schema().column_with_name(name).is_some()
}

fn scan(selected: &SelectedSeries, selector: &VectorSelector) -> Result<LogicalPlan> {
    let name = selector.name.as_deref().unwrap_or("series");
    let source = provider_as_source(selected.table.clone());
    let table = datafusion::common::TableReference::bare(name);
    LogicalPlanBuilder::scan(table, source, None)
        .and_then(LogicalPlanBuilder::build)
        .map_err(planning)
}

/// The metric's name, if `matchers` leave but one.
fn only_name(matchers: &[Matcher]) -> Option<String> {
    let is_name =
        |m: &&Matcher| m.name() == METRIC_NAME && m.op() == MatchOp::Equal && !m.value().is_empty();
    matchers.iter().find(is_name).map(|m| m.value().to_owned())
}

impl Samples {
    /// The leading arguments of functions over samples.
    pub(super) fn arguments(&self) -> Vec<Expr> {
        self.arguments_over(VALUES_COLUMN)
    }

    /// The same, with floats of the column `values`.
    fn arguments_over(&self, values: &str) -> Vec<Expr> {
        let windows = &self.windows;
        let mut arguments = vec![
            column(TIMESTAMPS_COLUMN),
            column(values),
            self.first_end.clone(),
            lit(windows.interval),
            lit(windows.steps as i64),
            lit(windows.range),
        ];
        arguments.extend(self.reach.map(|reach| lit(reach.lookback)));
        arguments
    }

    /// The leading arguments of functions over samples that may be histograms.
    pub(super) fn mixed_arguments(&self) -> Vec<Expr> {
        let histograms = column(HISTOGRAMS_COLUMN);
        self.arguments().into_iter().chain([histograms]).collect()
    }
}
