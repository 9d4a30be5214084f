//! Rule files: groups of recording and alerting rules, as Prometheus has them.

mod check;
mod duplicates;
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;

use narthex_model::{Error, format_duration};
use narthex_settings::{Source, Step};
use narthex_syntax::{ParseOptions, Quoted, ast::Expr};

pub use duplicates::{Duplicate, duplicates};

pub(crate) use yaml::TextMap;

use check::Problem;

/// How rule files are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadOptions {
    /// Which parts of PromQL are on.
    pub language: ParseOptions,
    /// Whether keys that are not known are passed over.
    pub ignore_unknown_keys: bool,
}

/// A group of rules, evaluated in order.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSpec {
    /// The file's name as it was given.
    pub file: String,
    /// Unique in its file.
    pub name: String,
    /// How often it is evaluated; `None`: as often as `global` says.
    pub interval_ms: Option<i64>,
    /// How far in the past; `None`: as far as `global` says.
    pub query_offset_ms: Option<i64>,
    /// How many series or alerts a rule may give; 0: any number.
    pub limit: usize,
    /// The rules.
    pub rules: Vec<RuleSpec>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSpec {
    /// The metric it records, or the alert.
    pub name: String,
    /// What is evaluated.
    pub expr: Expr,
    /// Labels of what it gives, those of its group included; an alert's are templates.
    pub labels: BTreeMap<String, String>,
    /// What it is.
    pub kind: RuleKind,
}

/// What a rule is.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleKind {
    /// It records what it gives as a metric.
    Record,
    /// It says that something is wrong.
    Alert(AlertSpec),
}

/// What only alerting rules have.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlertSpec {
    /// `for`: how long the condition must hold before the alert fires, in milliseconds.
    pub hold_ms: i64,
    /// How long the alert goes on firing after the condition has ended, in milliseconds.
    pub keep_firing_ms: i64,
    /// Templates of texts for people.
    pub annotations: BTreeMap<String, String>,
}

/// Reads the groups of the file at `path`.
///
/// # Errors
/// Every mistake, `Invalid`; or one `NotFound` or `Unavailable` if the file cannot be read.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Vec<GroupSpec>, Vec<Error>> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        let message = format!("cannot read rule file {}", path.display());
        let error = match e.kind() {
            std::io::ErrorKind::NotFound => Error::new(narthex_model::ErrorKind::NotFound, message),
            _ => Error::unavailable(message),
        };
        vec![error.with_source(e)]
    })?;
    parse(&text, &path.to_string_lossy(), options)
}

/// Reads the groups of a text; `file` is its name.
///
/// # Errors
/// Every mistake, `Invalid`, as `file:line:column: group "g", rule 1, "name": what is wrong`.
pub fn parse(text: &str, file: &str, options: &LoadOptions) -> Result<Vec<GroupSpec>, Vec<Error>> {
    let source = Source {
        file,
        text,
        is_known_elsewhere: |_| false,
    };
    let yaml = yaml::read(&source, options.ignore_unknown_keys).map_err(|e| vec![e])?;
    let mut groups = Vec::with_capacity(yaml.groups.len());
    let mut errors = Vec::new();
    for (at, group) in yaml.groups.iter().enumerate() {
        let path = [Step::Key("groups"), Step::Index(at)];
        let before = yaml.groups.get(..at).unwrap_or_default();
        let mut tell = |path: &[Step], prefix: &str, problems: Vec<Problem>| {
            errors.extend(problems.into_iter().map(|(keys, message)| {
                let path = [path, &keys].concat();
                Error::invalid(source.place(&path, &format!("{prefix}{message}")))
            }));
        };
        tell(&path, "", check::group(group, before));
        let mut rules = Vec::with_capacity(group.rules.len());
        for (i, rule) in group.rules.iter().enumerate() {
            match check::rule(rule, &group.labels.0, options) {
                Ok(rule) => rules.push(rule),
                Err(problems) => {
                    let path = [&path[..], &[Step::Key("rules"), Step::Index(i)]].concat();
                    tell(&path, &place(group, i, rule), problems);
                }
            }
        }
        groups.push(group_spec(group, file, rules));
    }
    if errors.is_empty() {
        Ok(groups)
    } else {
        Err(errors)
    }
}

fn place(group: &yaml::GroupYaml, at: usize, rule: &yaml::RuleYaml) -> String {
    let name = if rule.alert.is_empty() {
        &rule.record
    } else {
        &rule.alert
    };
    let (group, number, name) = (Quoted(&group.name), at + 1, Quoted(name));
    format!("group {group}, rule {number}, {name}: ")
}

fn group_spec(yaml: &yaml::GroupYaml, file: &str, rules: Vec<RuleSpec>) -> GroupSpec {
    GroupSpec {
        file: file.to_owned(),
        name: yaml.name.clone(),
        // An interval of 0 is none.
        interval_ms: yaml.interval.map(|d| d.0).filter(|ms| *ms > 0),
        query_offset_ms: yaml.query_offset.map(|d| d.0),
        // A negative limit is none, and a fraction is cut off.
        limit: yaml.limit as usize,
        rules,
    }
}

impl RuleSpec {
    /// What is special to alerts, if it is one.
    pub fn alert(&self) -> Option<&AlertSpec> {
        match &self.kind {
            RuleKind::Record => None,
            RuleKind::Alert(alert) => Some(alert),
        }
    }

    /// The rule as YAML, as Prometheus shows it in logs.
    pub fn to_yaml(&self) -> String {
        let mut map = serde_yaml::Mapping::new();
        let mut put = |key: &str, value: serde_yaml::Value| {
            map.insert(key.into(), value);
        };
        let texts = |texts: &BTreeMap<String, String>| {
            let pairs = texts
                .iter()
                .map(|(n, v)| (n.as_str().into(), v.as_str().into()));
            serde_yaml::Value::Mapping(pairs.collect())
        };
        let key = if self.alert().is_some() {
            "alert"
        } else {
            "record"
        };
        put(key, self.name.as_str().into());
        put("expr", self.expr.to_string().into());
        let alert = self.alert().cloned().unwrap_or_default();
        for (key, ms) in [
            ("for", alert.hold_ms),
            ("keep_firing_for", alert.keep_firing_ms),
        ] {
            if ms > 0 {
                put(key, format_duration(ms).into());
            }
        }
        for (key, map) in [
            ("labels", &self.labels),
            ("annotations", &alert.annotations),
        ] {
            if !map.is_empty() {
                put(key, texts(map));
            }
        }
        // A mapping of texts can always be written.
        serde_yaml::to_string(&map).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
