//! A rule file as it is written: every key of it, and no other.

use std::collections::BTreeMap;
use std::fmt;

use narthex_model::Result;
use narthex_settings::{DurationMs, Source, or_default};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_yaml::Value;

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileYaml {
    #[serde(deserialize_with = "or_default")]
    pub(super) groups: Vec<GroupYaml>,
}

/// A group.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GroupYaml {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    pub(super) interval: Option<DurationMs>,
    pub(super) query_offset: Option<DurationMs>,
    pub(super) limit: f64,
    #[serde(deserialize_with = "or_default")]
    pub(super) labels: TextMap,
    #[serde(deserialize_with = "or_default")]
    pub(super) rules: Vec<RuleYaml>,
}

/// A rule.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RuleYaml {
    #[serde(deserialize_with = "or_default")]
    pub(super) record: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) alert: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) expr: String,
    #[serde(rename = "for")]
    pub(super) hold: Option<DurationMs>,
    pub(super) keep_firing_for: Option<DurationMs>,
    #[serde(deserialize_with = "or_default")]
    pub(super) labels: TextMap,
    #[serde(deserialize_with = "or_default")]
    pub(super) annotations: TextMap,
}

/// The keys of each level, for reading a file whose other keys are to be ignored.
const FILE_KEYS: &[&str] = &["groups"];
const GROUP_KEYS: &[&str] = &[
    "name",
    "interval",
    "query_offset",
    "limit",
    "labels",
    "rules",
];
const RULE_KEYS: &[&str] = &[
    "record",
    "alert",
    "expr",
    "for",
    "keep_firing_for",
    "labels",
    "annotations",
];

/// Texts by name. A number or a truth value is taken as it is written; a name that stands twice is a mistake.
#[derive(Debug, Default, Clone)]
pub(crate) struct TextMap(pub(crate) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for TextMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(TextMapVisitor)
    }
}

struct TextMapVisitor;

impl<'de> Visitor<'de> for TextMapVisitor {
    type Value = TextMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of names to texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<TextMap, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some(name) = map.next_key_seed(Text)? {
            let text = map.next_value_seed(Text)?;
            if texts.insert(name.clone(), text).is_some() {
                let message = format!("key \"{name}\" stands twice");
                return Err(serde::de::Error::custom(message));
            }
        }
        Ok(TextMap(texts))
    }
}

/// A scalar as it is written.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<String, E> {
        Ok(String::new())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> std::result::Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> std::result::Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> std::result::Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<String, E> {
        Ok(value.to_string())
    }
}

/// Reads a file.
///
/// # Errors
/// `Invalid` with the place of the first mistake.
pub(super) fn read(source: &Source<'_>, ignore_unknown_keys: bool) -> Result<FileYaml> {
    // Of several documents the first one counts.
    let document = serde_yaml::Deserializer::from_str(source.text).next();
    let Some(document) = document else {
        return Ok(FileYaml::default());
    };
    let has_merges = source.text.contains("<<");
    let read = if has_merges || ignore_unknown_keys {
        Value::deserialize(document).and_then(|mut value| {
            value.apply_merge()?;
            if ignore_unknown_keys {
                prune(&mut value);
            }
            serde_yaml::from_value(value)
        })
    } else {
        Option::deserialize(document)
    };
    // A file of comments only has no groups.
    let file: Option<FileYaml> = read.map_err(|e| source.yaml_error(&e))?;
    Ok(file.unwrap_or_default())
}

fn prune(file: &mut Value) {
    keep(file, FILE_KEYS);
    for group in elements(file, "groups") {
        keep(group, GROUP_KEYS);
        for rule in elements(group, "rules") {
            keep(rule, RULE_KEYS);
        }
    }
}

/// Leaves out all keys but these.
fn keep(value: &mut Value, keys: &[&str]) {
    if let Value::Mapping(map) = value {
        map.retain(|key, _| key.as_str().is_some_and(|key| keys.contains(&key)));
    }
}

/// The elements of a list; none if it is something else.
fn elements<'v>(value: &'v mut Value, key: &str) -> &'v mut [Value] {
    match value.get_mut(key) {
        Some(Value::Sequence(elements)) => elements,
        _ => &mut [],
    }
}
