//! A node of a document, read as what it should be. What it is not is noted at its place, and reading goes on: a file's mistakes
//! are told all at once.

use std::collections::BTreeMap;
use std::fmt::Display;

use narthex_model::parse_duration;
use serde_yaml::Value;

use crate::document::Document;
use crate::locate::Step;
use crate::nearest::nearest;

/// A node and the way to it.
#[derive(Debug, Clone)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    path: Vec<Step>,
    value: &'d Value,
}

/// A mapping whose keys are known.
#[derive(Debug, Clone)]
pub struct Keys<'d> {
    node: Node<'d>,
}

impl<'d> Node<'d> {
    pub(crate) fn root(document: &'d Document<'d>, value: &'d Value) -> Self {
        Self {
            document,
            path: Vec::new(),
            value,
        }
    }

    /// What stands there.
    pub fn value(&self) -> &'d Value {
        self.value
    }

    /// `file:line:column`.
    pub fn place(&self) -> String {
        self.document.place(&self.path)
    }

    /// Notes that something is wrong here. Always `None`, to end with.
    pub fn problem<T>(&self, message: impl Display) -> Option<T> {
        self.document.problem(&self.path, &message.to_string());
        None
    }

    /// Notes that something else is wanted here. Always `None`, to end with.
    pub fn expected<T>(&self, what: &str) -> Option<T> {
        self.problem(format_args!("{}, expected {what}", describe(self.value)))
    }

    /// Says something of what stands here that is no mistake.
    pub fn note(&self, message: impl Display) {
        self.document.note(&self.path, &message.to_string());
    }

    /// A mapping with these keys and no others.
    pub fn keys(&self, known: &[&'static str]) -> Option<Keys<'d>> {
        let keys = self.any_keys()?;
        let map = self.value.as_mapping()?;
        for key in map.keys().filter_map(Value::as_str) {
            if !known.contains(&key) {
                self.unknown_key(key, known);
            }
        }
        Some(keys)
    }

    /// A mapping with any keys.
    pub fn any_keys(&self) -> Option<Keys<'d>> {
        if !self.value.is_mapping() {
            return self.expected("a mapping");
        }
        Some(Keys { node: self.clone() })
    }

    fn unknown_key(&self, key: &str, known: &[&'static str]) {
        let meant = match nearest(key, known.iter().copied()) {
            Some(meant) => format!(", did you mean \"{meant}\"?"),
            None => format!(", expected one of {}", known.join(", ")),
        };
        let node = self.at(Step::Name(key.to_owned()), self.value);
        node.problem::<()>(format_args!("unknown key{meant}"));
    }

    fn at(&self, step: Step, value: &'d Value) -> Self {
        let mut path = self.path.clone();
        path.push(step);
        Self {
            document: self.document,
            path,
            value,
        }
    }

    /// A text; a number or a truth value is taken as it is written.
    pub fn text(&self) -> Option<String> {
        match self.value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => self.expected("a text"),
        }
    }

    /// A number; a text that reads as one will do.
    pub fn number(&self) -> Option<f64> {
        let number = match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number.filter(|number| number.is_finite()) {
            Some(number) => Some(number),
            None => self.expected("a number"),
        }
    }

    /// A truth value.
    pub fn truth(&self) -> Option<bool> {
        self.value
            .as_bool()
            .or_else(|| self.expected("true or false"))
    }

    /// A duration above 0, in milliseconds.
    pub fn duration(&self) -> Option<i64> {
        let ms = self
            .value
            .as_str()
            .and_then(|text| parse_duration(text).ok());
        match ms.filter(|ms| *ms > 0) {
            Some(ms) => Some(ms),
            None => self.expected("a duration like 5m or 1h30m, above 0"),
        }
    }

    /// The value of the word that stands here.
    pub fn one_of<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.value.as_str().unwrap_or_default();
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        match nearest(text, known.iter().copied()) {
            Some(meant) if !text.is_empty() => self.problem(format_args!(
                "unknown value \"{text}\", did you mean \"{meant}\"? expected one of {}",
                known.join(", ")
            )),
            _ => self.expected(&format!("one of {}", known.join(", "))),
        }
    }

    /// The elements of a list.
    pub fn list(&self) -> Option<Vec<Self>> {
        let Value::Sequence(elements) = self.value else {
            return self.expected("a list");
        };
        let nodes = elements.iter().enumerate();
        Some(nodes.map(|(i, e)| self.at(Step::Index(i), e)).collect())
    }

    /// The elements of a list, or what stands there as the only one.
    pub fn list_or_one(&self) -> Vec<Self> {
        match self.value {
            Value::Sequence(_) => self.list().unwrap_or_default(),
            _ => vec![self.clone()],
        }
    }

    /// The values of a mapping by keys that whoever wrote the file chose.
    pub fn named(&self) -> Option<Vec<(String, Self)>> {
        let Value::Mapping(map) = self.value else {
            return self.expected("a mapping");
        };
        let mut nodes = Vec::new();
        for (key, value) in map {
            let Some(key) = key.as_str() else {
                self.problem::<()>(format_args!("{}, expected a text as key", describe(key)));
                continue;
            };
            nodes.push((key.to_owned(), self.at(Step::Name(key.to_owned()), value)));
        }
        Some(nodes)
    }

    /// A mapping of texts.
    pub fn texts(&self) -> Option<BTreeMap<String, String>> {
        let nodes = self.named()?;
        let texts = nodes.into_iter().map(|(key, node)| match node.value {
            Value::Null => Some((key, String::new())),
            _ => Some((key, node.text()?)),
        });
        texts.collect()
    }
}

impl<'d> Keys<'d> {
    /// The mapping itself.
    pub fn node(&self) -> &Node<'d> {
        &self.node
    }

    /// The value of a key that may be missing; a key with nothing behind it is.
    pub fn get(&self, key: &'static str) -> Option<Node<'d>> {
        let value = self.node.value.get(key)?;
        (!value.is_null()).then(|| self.node.at(Step::Key(key), value))
    }

    /// The value of a key that must be there.
    pub fn need(&self, key: &'static str) -> Option<Node<'d>> {
        self.need_as(key, "")
    }

    /// As [`Self::need`]; `what` says what is wanted.
    pub fn need_as(&self, key: &'static str, what: &str) -> Option<Node<'d>> {
        let found = self.get(key);
        if found.is_none() {
            let what = match what {
                "" => String::new(),
                what => format!(", expected {what}"),
            };
            self.node
                .problem::<()>(format_args!("key \"{key}\" is missing{what}"));
        }
        found
    }

    /// Whether the key stands there with something behind it.
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// The one of these keys that stands there.
    pub fn exactly_one(&self, keys: &[&'static str]) -> Option<&'static str> {
        let found: Vec<_> = keys.iter().copied().filter(|key| self.has(key)).collect();
        match found.as_slice() {
            [one] => Some(one),
            [] => {
                let message = format!("expected one of the keys {}", keys.join(", "));
                self.node.problem(message)
            }
            [.., last] => {
                let node = self.get(last)?;
                node.problem(format_args!(
                    "stands beside {}, expected one of the keys {}",
                    found.first().copied().unwrap_or_default(),
                    keys.join(", ")
                ))
            }
        }
    }

    /// The text of a key, or an empty one.
    pub fn text_or_empty(&self, key: &'static str) -> String {
        self.get(key)
            .and_then(|node| node.text())
            .unwrap_or_default()
    }

    /// The texts of a key, or none.
    pub fn texts_or_none(&self, key: &'static str) -> BTreeMap<String, String> {
        self.get(key)
            .and_then(|node| node.texts())
            .unwrap_or_default()
    }
}

/// What stands there, for messages.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Sequence(list) if list.is_empty() => "an empty list".to_owned(),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Mapping(_) => "a mapping".to_owned(),
        Value::Tagged(_) => "a tagged value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::documents;

    #[test]
    fn all_mistakes_at_their_places() {
        let text =
            "ok: 1\n---\nname: x\nwindw: 30d\nparts:\n  - {a: 1}\n  - {a: x, b: 2}\nfor: -1h\n";
        let documents = documents("f.yaml", text).expect("YAML");
        let document = documents.last().expect("two");
        let keys = document.root().keys(&["name", "window", "parts", "for"]);
        let keys = keys.expect("a mapping");
        assert_eq!(keys.text_or_empty("name"), "x");
        assert_eq!(keys.need("window").map(|_| ()), None);
        assert_eq!(keys.get("for").and_then(|node| node.duration()), None);
        for part in keys.get("parts").and_then(|p| p.list()).expect("a list") {
            let keys = part.keys(&["a", "b"]).expect("a mapping");
            let _ = keys.need("a").and_then(|a| a.number());
            let _ = keys.exactly_one(&["a", "b"]);
        }
        let said: Vec<_> = document.take_problems();
        let said: Vec<_> = said.iter().map(ToString::to_string).collect();
        let expected = [
            "f.yaml:4:1: windw: unknown key, did you mean \"window\"?",
            "f.yaml:3:1: key \"window\" is missing",
            "f.yaml:8:1: for: \"-1h\", expected a duration like 5m or 1h30m, above 0",
            "f.yaml:7:6: parts[1].a: \"x\", expected a number",
            "f.yaml:7:12: parts[1].b: stands beside a, expected one of the keys a, b",
        ];
        assert_eq!(said, expected);
    }
}
