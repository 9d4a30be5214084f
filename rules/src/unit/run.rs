//! Runs the tests of a file: evaluates the rules over time, and compares.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{
    Histogram, Labels, METRIC_NAME, MatchOp, Result, TimestampMs, format_duration,
};
use narthex_syntax::{ParseOptions, Quoted, ast::Node, parse};

use super::failure::{Failure, ShownAlert, show_labels};
use super::file::{AlertTest, ExprTest, TestFile, TestGroup};
use crate::eval::{ALERT_NAME, AlertState, Group, Settings, World};
use crate::file::GroupSpec;
use crate::query::Pending;
use crate::template::{go_duration, scientific};
use crate::{SampleValue, VectorSample};

/// What a test needs besides a [`World`] whose store is empty.
pub trait Stage: Send + Sync {
    /// Stores the samples of the input series up to `till`, included. It is called with later and later times.
    fn load<'a>(&'a self, test: &'a TestGroup, till: TimestampMs) -> Pending<'a, Result<()>>;

    /// Everything is evaluated, until `last` after the start: for whoever wants to look.
    fn evaluated(&self, _last: i64) -> Pending<'_, ()> {
        Box::pin(async {})
    }

    /// Reads a native histogram, `{{sum:1 …}}`.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read_histogram(&self, text: &str) -> std::result::Result<Histogram, String>;

    /// Writes a native histogram in the same way.
    fn write_histogram(&self, histogram: &Histogram) -> String;
}

/// Runs a test of `file` with the groups of its rule files; what is not as expected.
pub async fn run(
    file: &TestFile,
    test: &TestGroup,
    groups: Vec<GroupSpec>,
    world: &World,
    stage: &dyn Stage,
) -> Vec<Failure> {
    if let Some(unnamed) = test.alert_rule_test.iter().find(|t| t.alertname.is_empty()) {
        return vec![without_name(test, unnamed)];
    }
    let mut run = Run {
        file,
        test,
        groups: ordered(file, test, groups),
        world,
        stage,
        failures: Vec::new(),
    };
    if run.evaluate().await {
        run.expressions().await;
        stage.evaluated(run.last()).await;
    }
    run.failures
}

fn without_name(test: &TestGroup, alert: &AlertTest) -> Failure {
    let of = match test.name.as_str() {
        "" => String::new(),
        name => format!(" (in TestGroup {name})"),
    };
    let at = format_duration(alert.eval_time.0);
    Failure::new(format!(
        "an item under alert_rule_test misses required attribute alertname at eval_time {at}{of}"
    ))
}

/// The groups in the order that the file wants; those it does not name go with the first.
fn ordered(file: &TestFile, test: &TestGroup, specs: Vec<GroupSpec>) -> Vec<Group> {
    let interval = if test.interval.0 > 0 {
        test.interval
    } else {
        file.evaluation_interval
    };
    let settings = Arc::new(Settings {
        evaluation_interval_ms: interval.0,
        external_labels: test.external_labels.clone(),
        ..Settings::default().with_external_url(&test.external_url)
    });
    let order = |spec: &GroupSpec| {
        let named = file
            .group_eval_order
            .iter()
            .position(|name| *name == spec.name);
        named.unwrap_or(0)
    };
    let mut specs = specs;
    specs.sort_by_key(|spec| (order(spec), spec.file.clone(), spec.name.clone()));
    let group = |spec| Group::new(spec, settings.clone(), true);
    specs.into_iter().map(group).collect()
}

struct Run<'a> {
    file: &'a TestFile,
    test: &'a TestGroup,
    groups: Vec<Group>,
    world: &'a World,
    stage: &'a dyn Stage,
    failures: Vec<Failure>,
}

impl Run<'_> {
    /// Evaluates all groups until the last time that is tested, and compares alerts on the way. `false` if a rule cannot be
    /// evaluated.
    async fn evaluate(&mut self) -> bool {
        let start = self.test.start_timestamp.0;
        let step = self.file.evaluation_interval.0.max(1);
        let last = self.last();
        let mut elapsed = 0;
        while elapsed <= last {
            let at = start + elapsed;
            if let Err(error) = self.stage.load(self.test, at).await {
                self.failures.push(Failure::new(error.to_string()));
                return false;
            }
            if !self.evaluate_at(at, elapsed).await {
                return false;
            }
            self.alerts(elapsed, elapsed + step);
            elapsed += step;
        }
        true
    }

    /// The last time that is tested, from the start on.
    fn last(&self) -> i64 {
        let alerts = self.test.alert_rule_test.iter().map(|t| t.eval_time.0);
        let exprs = self.test.promql_expr_test.iter().map(|t| t.eval_time.0);
        alerts.chain(exprs).max().unwrap_or(0)
    }

    async fn evaluate_at(&mut self, at: TimestampMs, elapsed: i64) -> bool {
        let before = self.failures.len();
        for group in &mut self.groups {
            group.evaluate(self.world, at).await;
            for rule in group.status().rules {
                if let Some(error) = rule.last_error {
                    let (name, time) = (&rule.spec.name, go_duration(elapsed));
                    let what = format!("    rule: {name}, time: {time}, err: {error}");
                    self.failures.push(Failure::new(what));
                }
            }
        }
        self.failures.len() == before
    }

    /// Compares the alerts that are tested at times from `from` on, before `until`.
    fn alerts(&mut self, from: i64, until: i64) {
        let is_due = |test: &&AlertTest| (from..until).contains(&test.eval_time.0);
        let mut due: Vec<_> = self.test.alert_rule_test.iter().filter(is_due).collect();
        due.sort_by_key(|test| test.eval_time);
        for test in due {
            let got = self.firing(&test.alertname);
            let mut expected: Vec<_> = test
                .exp_alerts
                .iter()
                .map(|e| shown(e, &test.alertname))
                .collect();
            expected.sort();
            if got == expected {
                continue;
            }
            let name = match self.test.name.as_str() {
                "" => String::new(),
                name => format!("    name: {name},\n"),
            };
            let time = format_duration(test.eval_time.0);
            let what = format!("{name}    alertname: {}, time: {time}", test.alertname);
            self.failures.push(Failure::alerts(what, expected, got));
        }
    }

    fn firing(&self, name: &str) -> Vec<ShownAlert> {
        let rules = self.groups.iter().flat_map(|group| group.status().rules);
        let alerts = rules
            .filter(|rule| rule.spec.name == name)
            .flat_map(|rule| rule.alerts);
        let firing = alerts.filter(|alert| alert.state == AlertState::Firing);
        let mut firing: Vec<_> = firing
            .map(|alert| ShownAlert {
                labels: map(&alert.labels),
                annotations: alert.annotations,
            })
            .collect();
        firing.sort();
        firing
    }

    async fn expressions(&mut self) {
        for test in &self.test.promql_expr_test {
            let what = format!(
                "    expr: {}, time: {}",
                Quoted(&test.expr),
                format_duration(test.eval_time.0)
            );
            match self.expression(test).await {
                Ok(None) => {}
                Ok(Some((expected, got))) => {
                    self.failures.push(Failure::samples(what, expected, got));
                }
                Err(message) => self
                    .failures
                    .push(Failure::new(format!("{what}, err: {message}"))),
            }
        }
    }

    /// What was expected and what came, if they differ.
    async fn expression(
        &self,
        test: &ExprTest,
    ) -> std::result::Result<Option<(String, String)>, String> {
        let asked = [Arc::from(test.expr.as_str())];
        let at = self.test.start_timestamp.0 + test.eval_time.0;
        let found = self.world.query.instant(&asked, at).await.pop();
        let got = found.map_or(Ok(Vec::new()), |found| found.result);
        let mut got: Vec<_> = got
            .map_err(|e| e.to_string())?
            .into_iter()
            .map(|sample| self.compared(sample))
            .collect();
        let mut expected = Vec::with_capacity(test.exp_samples.len());
        for sample in &test.exp_samples {
            let labels = metric(&sample.labels)
                .map_err(|e| format!("labels {}: {e}", Quoted(&sample.labels)))?;
            let value = match sample.histogram.as_str() {
                "" => Compared::Float(sample.value),
                text => {
                    let histogram = self.stage.read_histogram(text);
                    let histogram = histogram
                        .map_err(|e| format!("failed to parse histogram {}: {e}", Quoted(text)))?;
                    Compared::Histogram(self.stage.write_histogram(&histogram))
                }
            };
            expected.push((labels, value));
        }
        got.sort_by(|a, b| a.0.cmp(&b.0));
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        let same = |(a, b): (&Sample, &Sample)| a.0 == b.0 && a.1.is(&b.1, self.file.fuzzy_compare);
        if got.len() == expected.len() && got.iter().zip(&expected).all(same) {
            return Ok(None);
        }
        Ok(Some((show_samples(&expected), show_samples(&got))))
    }

    fn compared(&self, sample: VectorSample) -> Sample {
        let value = match sample.value {
            SampleValue::Float(value) => Compared::Float(value),
            SampleValue::Histogram(shown) => {
                Compared::Histogram(self.stage.write_histogram(&shown.histogram))
            }
        };
        (map(&sample.labels), value)
    }
}

fn shown(alert: &super::file::ExpectedAlert, name: &str) -> ShownAlert {
    let mut labels = alert.exp_labels.clone();
    labels.insert(ALERT_NAME.to_owned(), name.to_owned());
    ShownAlert {
        labels,
        annotations: alert.exp_annotations.clone(),
    }
}

/// A sample as it is compared.
type Sample = (BTreeMap<String, String>, Compared);

enum Compared {
    Float(f64),
    /// As it is written.
    Histogram(String),
}

impl Compared {
    /// Whether they are the same; with `fuzzy`, floats that have none between them are, too. NaN is never the same.
    fn is(&self, other: &Self, fuzzy: bool) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => {
                a == b || (fuzzy && (a.next_up() == *b || a.next_down() == *b))
            }
            (Self::Histogram(a), Self::Histogram(b)) => a == b,
            _ => false,
        }
    }
}

fn show_samples(samples: &[Sample]) -> String {
    if samples.is_empty() {
        return "nil".to_owned();
    }
    let shown = samples.iter().map(|(labels, value)| match value {
        Compared::Float(value) => format!("{} {}", show_labels(labels), scientific(*value)),
        Compared::Histogram(text) => format!("{} {text}", show_labels(labels)),
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn map(labels: &Labels) -> BTreeMap<String, String> {
    let pairs = labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
    pairs.collect()
}

/// The labels of `name{label="value"}`.
fn metric(text: &str) -> std::result::Result<BTreeMap<String, String>, String> {
    if matches!(text.trim(), "" | "{}") {
        return Ok(BTreeMap::new());
    }
    let expr = parse(text, &ParseOptions::default()).map_err(|e| e.to_string())?;
    let Node::Vector(vector) = expr.node else {
        return Err("not a metric".to_owned());
    };
    let mut labels = BTreeMap::new();
    for matcher in &vector.matchers {
        if matcher.op() != MatchOp::Equal {
            return Err(format!("{matcher} is no label"));
        }
        labels.insert(matcher.name().to_owned(), matcher.value().to_owned());
    }
    if let Some(name) = vector.name {
        labels.insert(METRIC_NAME.to_owned(), name);
    }
    Ok(labels)
}
