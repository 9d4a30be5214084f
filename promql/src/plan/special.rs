//! Functions that are more than a kernel: they make, drop or rewrite series, or read the query's own parameters.

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{LogicalPlanBuilder, lit, not};
use narthex_model::{
    Error, HISTOGRAMS_COLUMN, METRIC_NAME, MatchOp, Matcher, Result, TimestampMs, label_column,
};

use super::aggregate::reduce;
use super::call::{arg, of_value};
use super::columns::{VALUE, absent_label, call, column, known_label, label, projected};
use super::names::{DROPPED, Names};
use super::scalar::attach;
use super::vector::{Vector, project};
use super::{Planned, Planner, blamed, planning, seconds};
use crate::ast::{Call, Expr, Node, Span};
use crate::functions::aggregate::Aggregation;
use crate::functions::extremes::Extreme;
use crate::functions::floats::Floats;
use crate::functions::group::Duplicate;
use crate::functions::labels::Rewrite;
use crate::functions::plan_function::PlanFunction;
use crate::functions::presence::Presence;
use crate::functions::range::range_function;
use crate::functions::smoothing::DoubleExponentialSmoothing;
use crate::notes::Note;

impl Planner<'_> {
    /// `None` if the function is not known here.
    pub(super) fn special_call(&self, node: &Call, span: Span) -> Result<Option<Planned>> {
        let args = node.args.as_slice();
        Ok(Some(match node.function {
            "time" => Planned::Scalar(self.one_row(self.time())?),
            "pi" => Planned::Number(std::f64::consts::PI),
            "start" => Planned::Number(self.fixed_seconds(self.query.start)),
            "end" => Planned::Number(self.fixed_seconds(self.params.end)),
            "step" => Planned::Number(self.query_step_seconds()),
            "range" => Planned::Number(self.query_range_seconds()),
            "vector" => Planned::Vector(self.scalar_vector(self.scalar(arg(args, 0)?)?)?),
            "scalar" => Planned::Scalar(self.scalar_of(arg(args, 0)?)?),
            "absent" => Planned::Vector(self.absent(arg(args, 0)?)?),
            "absent_over_time" => Planned::Vector(self.absent_over_time(arg(args, 0)?)?),
            "timestamp" => Planned::Vector(self.timestamp(arg(args, 0)?)?),
            "start_timestamp" => Planned::Vector(self.start_timestamp(arg(args, 0)?)?),
            "histogram_quantile" => Planned::Vector(self.histogram_quantile(args)?),
            "info" => Planned::Vector(self.info(args)?),
            "histogram_quantiles" => Planned::Vector(self.histogram_quantiles(args)?),
            "histogram_fraction" => Planned::Vector(self.histogram_fraction(args)?),
            "double_exponential_smoothing" => Planned::Vector(self.smoothing(args)?),
            "min_of" => self.extreme(Extreme::Min, args)?,
            "max_of" => self.extreme(Extreme::Max, args)?,
            "label_replace" => Planned::Vector(self.label_replace(args)?),
            "label_join" => Planned::Vector(self.label_join(args)?),
            "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" => {
                let vector = self.sorted(arg(args, 0)?, span)?;
                let by_value = matches!(node.function, "sort" | "sort_desc");
                Planned::Vector(if by_value && vector.is_mixed() {
                    // Histograms have no order.
                    vector.map(&Floats(None).udf())?
                } else {
                    vector
                })
            }
            _ => return Ok(None),
        }))
    }

    /// An instant as a number, which stands in the plan.
    fn fixed_seconds(&self, t: TimestampMs) -> f64 {
        self.again.never();
        seconds(t)
    }

    /// Elements are put in order at the end, and only those of an instant query.
    fn sorted(&self, expr: &Expr, call: Span) -> Result<Vector> {
        let vector = self.vector(expr)?;
        if self.grid.steps > 1 {
            self.speaker(call).say(&Note::SortInRangeQuery);
        }
        Ok(vector)
    }

    fn scalar_of(&self, expr: &Expr) -> Result<datafusion::logical_expr::LogicalPlan> {
        let only = reduce(self.vector(expr)?, Aggregation::Scalar, &[], None)?;
        project(only.plan, &[], of_value(&Presence::OrNan.udf()))
    }

    fn extreme(&self, which: Extreme, args: &[Expr]) -> Result<Planned> {
        match (self.scalar(arg(args, 0)?)?, self.scalar(arg(args, 1)?)?) {
            (Planned::Number(a), Planned::Number(b)) => Ok(Planned::Number(which.of(a, b))),
            (a, b) => {
                let (plan, operands) = attach(self.scalar_plan(a)?, vec![b])?;
                let arguments = [column(VALUE)].into_iter().chain(operands).collect();
                project(plan, &[], call(&which.udf(), arguments)).map(Planned::Scalar)
            }
        }
    }

    fn smoothing(&self, args: &[Expr]) -> Result<Vector> {
        let blamed = blamed(arg(args, 0)?);
        let samples = self.samples(arg(args, 0)?)?;
        let factors = vec![self.scalar(arg(args, 1)?)?, self.scalar(arg(args, 2)?)?];
        let arguments = samples.arguments();
        let beside = samples.histograms.then(|| {
            (
                self.speaker(blamed),
                [column(HISTOGRAMS_COLUMN), samples.metric_name()],
            )
        });
        let (vector, factors) = samples.into_vector().attach(factors)?;
        let (speaker, histograms) = beside.unzip();
        let histograms = histograms.into_iter().flatten();
        let arguments = arguments.into_iter().chain(factors).chain(histograms);
        let smoothing = DoubleExponentialSmoothing(speaker).udf();
        vector.map_nameless(call(&smoothing, arguments.collect()))
    }

    fn absent(&self, expr: &Expr) -> Result<Vector> {
        let vector = self.presence(expr)?;
        self.absent_of(vector, expr)
    }

    fn absent_over_time(&self, expr: &Expr) -> Result<Vector> {
        let samples = self.samples(expr)?;
        let present = range_function("present_over_time")
            .ok_or_else(|| Error::internal("no present_over_time"))?;
        let value = if samples.histograms {
            self.over_mixed(present.name, &samples, Vec::new(), blamed(expr))
        } else {
            call(&present.udf(None), samples.arguments())
        };
        let vector = Vector {
            plan: project(samples.plan, &[], value)?,
            labels: Vec::new(),
            distinct: false,
            names: self.names(),
        };
        self.absent_of(vector, expr)
    }

    fn absent_of(&self, vector: Vector, expr: &Expr) -> Result<Vector> {
        let any = reduce(vector, Aggregation::Group, &[], None)?;
        let known = known_labels(expr);
        let columns = known
            .iter()
            .map(|(l, v)| known_label(v).alias(label_column(l)));
        let all = columns.chain([of_value(&Presence::Absent.udf()).alias(VALUE)]);
        let plan = LogicalPlanBuilder::from(any.plan)
            .project(all)
            .and_then(LogicalPlanBuilder::build);
        let labels = known.into_iter().map(|(l, _)| l).collect();
        Ok(Vector {
            plan: plan.map_err(planning)?,
            labels,
            distinct: true,
            names: self.names(),
        })
    }

    /// Only samples say since when they count, not values that are computed.
    fn start_timestamp(&self, expr: &Expr) -> Result<Vector> {
        match &unwrapped(expr).node {
            Node::Vector(selector) if self.params.start_timestamps => {
                self.start_timestamps(selector)
            }
            _ => {
                let vector = self.vector(expr)?;
                let value = vector.value();
                self.nothing(vector)?.map_nameless(value)
            }
        }
    }

    fn timestamp(&self, expr: &Expr) -> Result<Vector> {
        if let Node::Vector(selector) = &unwrapped(expr).node {
            let times = self.instant_times(selector)?;
            let value = times.value();
            return times.map_nameless(value);
        }
        let vector = self.vector(expr)?;
        let there = if vector.is_mixed() {
            call(&Presence::There.udf(), vec![vector.value()])
        } else {
            vector.value()
        };
        let value = call(&Presence::And.udf(), vec![self.time(), there]);
        vector.map_nameless(value)
    }

    fn label_replace(&self, args: &[Expr]) -> Result<Vector> {
        let vector = self.vector(arg(args, 0)?)?;
        let [destination, replacement, source, regex] = self.texts(args)?;
        if destination.is_empty() {
            return Err(Error::invalid(
                "invalid destination label name in label_replace(): \"\"",
            ));
        }
        Matcher::new("label_replace", MatchOp::Regex, regex.as_str())?;
        let text = |text: &str| lit(ScalarValue::Utf8(Some(text.to_owned())));
        let source = of_label(&vector, &source);
        let matched = call(&Rewrite::Matches.udf(), vec![source.clone(), text(&regex)]);
        let of = of_label(&vector, &destination);
        let arguments = vec![of, source, text(&replacement), text(&regex)];
        let replaced = call(&Rewrite::Replace.udf(), arguments);
        relabelled(vector, &destination, replaced, matched)
    }

    fn label_join(&self, args: &[Expr]) -> Result<Vector> {
        let vector = self.vector(arg(args, 0)?)?;
        let destination = self.text(arg(args, 1)?)?;
        if destination.is_empty() {
            return Err(Error::invalid(
                "invalid destination label name in label_join(): \"\"",
            ));
        }
        let separator = lit(ScalarValue::Utf8(Some(self.text(arg(args, 2)?)?)));
        let sources = args
            .iter()
            .skip(3)
            .map(|a| self.text(a))
            .collect::<Result<Vec<_>>>()?;
        let sources = sources.iter().map(|s| of_label(&vector, s));
        let arguments = [separator].into_iter().chain(sources).collect();
        let joined = call(&Rewrite::Join.udf(), arguments);
        relabelled(vector, &destination, joined, lit(true))
    }

    fn texts(&self, args: &[Expr]) -> Result<[String; 4]> {
        Ok([
            self.text(arg(args, 1)?)?,
            self.text(arg(args, 2)?)?,
            self.text(arg(args, 3)?)?,
            self.text(arg(args, 4)?)?,
        ])
    }
}

fn unwrapped(expr: &Expr) -> &Expr {
    match &expr.node {
        Node::Paren(inner) => unwrapped(inner),
        _ => expr,
    }
}

/// The labels that the matchers of a plain selector tell: those of the first equality, unless more is said of the label after it.
fn known_labels(expr: &Expr) -> Vec<(String, String)> {
    let matchers = match &unwrapped(expr).node {
        Node::Vector(selector) => &selector.matchers,
        Node::Matrix(selector) => &selector.vector.matchers,
        _ => return Vec::new(),
    };
    let mut told: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for matcher in in_order_of_storage(matchers).filter(|m| m.name() != METRIC_NAME) {
        let first = matcher.op() == MatchOp::Equal && !told.contains_key(matcher.name());
        if first {
            told.insert(matcher.name(), Some(matcher.value()));
        } else if let Some(value) = told.get_mut(matcher.name()) {
            *value = None;
        }
    }
    let known = told.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((name.to_owned(), value.to_owned()))
    });
    known.collect()
}

/// Prometheus' storage moves matchers that can only take series away to the end before anything is said of them.
fn in_order_of_storage(matchers: &[Matcher]) -> impl Iterator<Item = &Matcher> {
    let must_be_set = |name: &str| {
        let mut own = matchers.iter().filter(|m| m.name() == name);
        own.any(|m| !m.accepts_empty())
    };
    let takes_away = move |m: &&Matcher| {
        let negative = matches!(m.op(), MatchOp::NotEqual | MatchOp::NotRegex);
        !must_be_set(m.name()) || (negative && m.accepts_empty())
    };
    let first = matchers.iter().filter(move |m| !takes_away(m));
    first.chain(matchers.iter().filter(takes_away))
}

fn of_label(vector: &Vector, name: &str) -> datafusion::logical_expr::Expr {
    if vector.labels.iter().any(|l| l == name) {
        column(label_column(name))
    } else {
        absent_label()
    }
}

/// The vector with label `destination` set to `text`. A name that is `set` this way is new: it is not dropped any more.
pub(super) fn relabelled(
    vector: Vector,
    destination: &str,
    text: datafusion::logical_expr::Expr,
    set: datafusion::logical_expr::Expr,
) -> Result<Vector> {
    let renames = destination == METRIC_NAME && !matches!(vector.names, Names::Eager | Names::Kept);
    let (names, mark) = if renames {
        let mark = vector.names.mark().and(not(set)).alias(DROPPED);
        (Names::Marked, Some(mark))
    } else {
        (vector.names, vector.names.column())
    };
    let others = vector.labels.iter().filter(|l| *l != destination);
    let all = others.map(|l| label(l)).chain(mark).chain([
        text.alias(label_column(destination)),
        vector.value().alias(VALUE),
    ]);
    let plan = projected(vector.plan, all.collect())?;
    let mut labels = vector.labels;
    let replaces = labels.iter().any(|l| l == destination);
    if !replaces {
        labels.push(destination.to_owned());
        labels.sort();
    }
    let vector = Vector {
        plan,
        labels: labels.clone(),
        distinct: false,
        names,
    };
    // Another label more makes no two series alike.
    if replaces {
        vector.checked(&labels, Duplicate::SameLabels, None)
    } else {
        Ok(vector)
    }
}
