//! What must hold of a rule besides its keys, in Prometheus' words.

use std::collections::BTreeMap;

use narthex_model::METRIC_NAME;
use narthex_settings::Step;
use narthex_syntax::{Quoted, ast::Expr, parse};

use super::yaml::{GroupYaml, RuleYaml};
use super::{AlertSpec, LoadOptions, RuleKind, RuleSpec};
use crate::template::Template;

/// Something wrong, and the keys below the rule (or group) that lead to it.
pub(super) type Problem = (Vec<Step>, String);

/// A rule, or everything that is wrong with it. `labels` are those of the group.
pub(super) fn rule(
    yaml: &RuleYaml,
    labels: &BTreeMap<String, String>,
    options: &LoadOptions,
) -> Result<RuleSpec, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut problem = |key, message: String| problems.push((vec![Step::Key(key)], message));
    let is_record = !yaml.record.is_empty();
    match (is_record, yaml.alert.is_empty()) {
        (true, false) => problem(
            "record",
            "only one of 'record' and 'alert' must be set".to_owned(),
        ),
        (false, true) => problem(
            "record",
            "one of 'record' or 'alert' must be set".to_owned(),
        ),
        _ => {}
    }
    let expr = expression(yaml, options)
        .map_err(|message| problem("expr", message))
        .ok();
    if is_record {
        recording(yaml)
            .into_iter()
            .for_each(|message| problem("record", message));
    }
    problems.extend(bad_labels(&yaml.labels.0));
    let named = yaml.annotations.0.keys().filter(|name| name.is_empty());
    problems.extend(named.map(|_| {
        (
            vec![Step::Key("annotations")],
            "invalid annotation name: ".to_owned(),
        )
    }));
    let kind = if is_record {
        RuleKind::Record
    } else {
        alert(yaml, &mut problems)
    };
    match expr {
        Some(expr) if problems.is_empty() => Ok(RuleSpec {
            name: if is_record {
                yaml.record.clone()
            } else {
                yaml.alert.clone()
            },
            expr,
            labels: merged(labels, &yaml.labels.0),
            kind,
        }),
        _ => Err(problems),
    }
}

fn expression(yaml: &RuleYaml, options: &LoadOptions) -> Result<Expr, String> {
    if yaml.expr.is_empty() {
        return Err("field 'expr' must be set in rule".to_owned());
    }
    parse(&yaml.expr, &options.language).map_err(|e| format!("could not parse expression: {e}"))
}

fn recording(yaml: &RuleYaml) -> Vec<String> {
    let is_set =
        |duration: Option<narthex_settings::DurationMs>| duration.is_some_and(|d| d.0 != 0);
    let fields = [
        ("annotations", !yaml.annotations.0.is_empty()),
        ("for", is_set(yaml.hold)),
        ("keep_firing_for", is_set(yaml.keep_firing_for)),
    ];
    let fields = fields.into_iter().filter(|field| field.1);
    let mut messages: Vec<_> = fields
        .map(|(field, _)| format!("invalid field '{field}' in recording rule"))
        .collect();
    let name = &yaml.record;
    if name.contains(['{', '}']) {
        let message = "braces present in the recording rule name; should it be in expr?";
        messages.push(format!("{message}: {name}"));
    }
    messages
}

/// A label must have a name, and that of the metric is no label here.
fn bad_labels(labels: &BTreeMap<String, String>) -> Vec<Problem> {
    let bad = labels
        .keys()
        .filter(|name| name.is_empty() || *name == METRIC_NAME);
    bad.map(|name| {
        (
            vec![Step::Key("labels")],
            format!("invalid label name: {name}"),
        )
    })
    .collect()
}

fn alert(yaml: &RuleYaml, problems: &mut Vec<Problem>) -> RuleKind {
    let mut templates = |key: &'static str, what: &str, texts: &BTreeMap<String, String>| {
        for (name, text) in texts {
            if let Err(message) = Template::of_alert(&yaml.alert, text) {
                let message = format!("{what} {}: {message}", Quoted(name));
                problems.push((vec![Step::Key(key)], message));
            }
        }
    };
    if !yaml.alert.is_empty() {
        templates("labels", "label", &yaml.labels.0);
        templates("annotations", "annotation", &yaml.annotations.0);
    }
    RuleKind::Alert(AlertSpec {
        hold_ms: yaml.hold.map_or(0, |d| d.0),
        keep_firing_ms: yaml.keep_firing_for.map_or(0, |d| d.0),
        annotations: yaml.annotations.0.clone(),
    })
}

/// The labels of a rule: its own win over those of its group.
fn merged(
    group: &BTreeMap<String, String>,
    rule: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = group.clone();
    all.extend(rule.iter().map(|(n, v)| (n.clone(), v.clone())));
    all
}

/// What is wrong with a group besides its rules; `before` are the groups before it in the file.
pub(super) fn group(yaml: &GroupYaml, before: &[GroupYaml]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let name = vec![Step::Key("name")];
    if yaml.name.is_empty() {
        problems.push((name.clone(), "Groupname must not be empty".to_owned()));
    }
    if before.iter().any(|other| other.name == yaml.name) {
        let message = format!("groupname: \"{}\" is repeated in the same file", yaml.name);
        problems.push((name, message));
    }
    problems.extend(bad_labels(&yaml.labels.0));
    problems
}
