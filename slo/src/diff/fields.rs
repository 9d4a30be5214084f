//! Which fields of an SLO differ: those of our own format, into which every spec is read.

use std::collections::HashMap;

use serde_yaml::{Mapping, Value};

use crate::native;
use crate::spec::Slo;

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its path, such as `indicator.errors` or `policies[page].for`.
    pub name: String,
    /// As it was; `None`: it was not there.
    pub before: Option<String>,
    /// As it will be; `None`: it is not there.
    pub after: Option<String>,
}

/// The fields that differ, in the order in which they are written.
pub fn fields(before: &Slo, after: &Slo) -> Vec<Field> {
    let (old, new) = (flat(before), flat(after));
    let olds: HashMap<&str, &str> = pairs(&old).collect();
    let news: HashMap<&str, &str> = pairs(&new).collect();
    let gone = pairs(&old).filter(|(name, _)| !news.contains_key(name));
    let there = pairs(&new).chain(gone);
    let field = |(name, _): (&str, &str)| Field {
        name: name.to_owned(),
        before: olds.get(name).map(|text| (*text).to_owned()),
        after: news.get(name).map(|text| (*text).to_owned()),
    };
    there
        .map(field)
        .filter(|field| field.before != field.after)
        .collect()
}

fn pairs(all: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    all.iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
}

fn flat(slo: &Slo) -> Vec<(String, String)> {
    let mut all = Vec::new();
    if let Value::Mapping(entries) = native::value(slo) {
        flatten("", &entries, &mut all);
    }
    all
}

fn flatten(path: &str, entries: &Mapping, all: &mut Vec<(String, String)>) {
    for (key, value) in entries {
        let key = key.as_str().unwrap_or_default();
        let path = match (path, key) {
            // The short form of a key is the same field as its long form.
            ("", "window") => "windows".to_owned(),
            ("objective", "target") => "objective".to_owned(),
            ("", key) => key.to_owned(),
            (path, key) => format!("{path}.{key}"),
        };
        match value {
            Value::Mapping(inner) => flatten(&path, inner, all),
            Value::Sequence(items) => list(&path, items, all),
            scalar => all.push((path, text(scalar))),
        }
    }
}

/// Items with a name are told apart by it.
fn list(path: &str, items: &[Value], all: &mut Vec<(String, String)>) {
    let named: Option<Vec<_>> = items.iter().map(named).collect();
    match named {
        Some(named) => {
            for (name, rest) in named {
                let path = format!("{path}[{name}]");
                flatten(&path, &rest, all);
            }
        }
        None if items.len() == 1 => all.push((path.to_owned(), text(&items[0]))),
        None => {
            let items: Vec<_> = items.iter().map(text).collect();
            all.push((path.to_owned(), items.join(", ")));
        }
    }
}

/// An item's name, and the rest of it.
fn named(item: &Value) -> Option<(&str, Mapping)> {
    let entries = item.as_mapping()?;
    let name = entries.get("name")?.as_str()?;
    let mut rest = entries.clone();
    rest.remove("name");
    Some((name, rest))
}

/// On one line.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => value.clone(),
        Value::Sequence(items) => {
            let items: Vec<_> = items.iter().map(text).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Mapping(entries) => {
            let entry = |(key, value): (&Value, &Value)| format!("{}: {}", text(key), text(value));
            let entries: Vec<_> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Tagged(tagged) => text(&tagged.value),
    }
}
