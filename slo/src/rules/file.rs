//! Rule files, written.

use std::collections::BTreeMap;

use narthex_model::format_duration;
use serde_yaml::Value;

use crate::yaml::{map, texts, write as yaml};

/// What rules are wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A rule file of Prometheus.
    Prometheus,
    /// The resource of the Prometheus operator, `PrometheusRule`.
    PrometheusRule,
}

/// A group of rules.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) interval_ms: Option<i64>,
    pub(super) rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Default)]
pub(super) struct Rule {
    /// The metric it records, or the alert.
    pub(super) name: String,
    pub(super) is_alert: bool,
    pub(super) expr: String,
    pub(super) for_ms: i64,
    pub(super) keep_firing_ms: i64,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
}

impl Rule {
    pub(super) fn record(
        name: impl Into<String>,
        expr: impl Into<String>,
        labels: &BTreeMap<String, String>,
    ) -> Self {
        Self {
            name: name.into(),
            expr: expr.into(),
            labels: labels.clone(),
            ..Self::default()
        }
    }
}

/// The groups as YAML.
pub(super) fn write(groups: &[Group], form: Form) -> String {
    let groups: Vec<_> = groups.iter().map(group).collect();
    let file = map([("groups", Some(Value::Sequence(groups)))]);
    if form == Form::Prometheus {
        return yaml(&file);
    }
    let labels = BTreeMap::from([(
        "app.kubernetes.io/managed-by".to_owned(),
        "narthex".to_owned(),
    )]);
    let metadata = map([("name", Some("slos".into())), ("labels", texts(&labels))]);
    yaml(&map([
        ("apiVersion", Some("monitoring.coreos.com/v1".into())),
        ("kind", Some("PrometheusRule".into())),
        ("metadata", Some(metadata)),
        ("spec", Some(file)),
    ]))
}

fn group(group: &Group) -> Value {
    map([
        ("name", Some(group.name.as_str().into())),
        (
            "interval",
            group.interval_ms.map(|ms| format_duration(ms).into()),
        ),
        (
            "rules",
            Some(Value::Sequence(group.rules.iter().map(rule).collect())),
        ),
    ])
}

fn rule(rule: &Rule) -> Value {
    let key = if rule.is_alert { "alert" } else { "record" };
    let length = |ms: i64| (ms > 0).then(|| format_duration(ms).into());
    map([
        (key, Some(rule.name.as_str().into())),
        ("expr", Some(rule.expr.as_str().into())),
        ("for", length(rule.for_ms)),
        ("keep_firing_for", length(rule.keep_firing_ms)),
        ("labels", texts(&rule.labels)),
        ("annotations", texts(&rule.annotations)),
    ])
}
