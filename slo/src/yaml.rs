//! YAML that is written: mappings in the order of their keys here, numbers as short as they can be.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

/// A mapping of the keys that have a value.
pub(crate) fn map<const N: usize>(entries: [(&'static str, Option<Value>); N]) -> Value {
    let present = entries
        .into_iter()
        .filter_map(|(key, value)| Some((key.into(), value?)));
    Value::Mapping(present.collect::<Mapping>())
}

/// A whole number without a point.
pub(crate) fn number(value: f64) -> Value {
    // Below 2^53 every whole number is itself.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return (value as i64).into();
    }
    value.into()
}

/// Texts by name, if there are any.
pub(crate) fn texts(texts: &BTreeMap<String, String>) -> Option<Value> {
    let pairs = texts
        .iter()
        .map(|(name, text)| (name.as_str().into(), text.as_str().into()));
    (!texts.is_empty()).then(|| Value::Mapping(pairs.collect()))
}

/// A document's text.
pub(crate) fn write(value: &Value) -> String {
    // A tree of texts, numbers, lists and mappings can always be written.
    serde_yaml::to_string(value).unwrap_or_default()
}
