//! Finds where a node stands in a YAML text, for errors that are noticed only after it was read.
//!
//! The reader gives positions only with errors. So the text is read once more, by a visitor that walks to the node and
//! fails there on purpose.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One step down in a YAML document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value of this key.
    Key(&'static str),
    /// The value of this key, that whoever wrote the file chose.
    Name(String),
    /// The element at this position.
    Index(usize),
}

/// A path printed as `scrape_configs[0].job_name`.
pub fn show_path(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step.key() {
            Some(key) => {
                let dot = if out.is_empty() { "" } else { "." };
                out.push_str(dot);
                out.push_str(key);
            }
            None => out.push_str(&format!("[{}]", step.index())),
        }
    }
    out
}

impl Step {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Name(key) => Some(key),
            Self::Index(_) => None,
        }
    }

    fn index(&self) -> usize {
        match self {
            Self::Index(index) => *index,
            Self::Key(_) | Self::Name(_) => 0,
        }
    }
}

/// Line and column, from 1, of the last key of `path`, or of the element it ends with. A part of the path that is not
/// there gives the place of the deepest node that is.
pub fn locate(text: &str, path: &[Step]) -> Option<(usize, usize)> {
    locate_in(text, 0, path)
}

/// As [`locate`], in one of several documents, counted from 0.
pub fn locate_in(text: &str, document: usize, path: &[Step]) -> Option<(usize, usize)> {
    (0..=path.len()).rev().find_map(|depth| {
        let probe = Probe {
            path: path.get(..depth)?,
        };
        let mut documents = serde_yaml::Deserializer::from_str(text);
        let location = probe
            .deserialize(documents.nth(document)?)
            .err()?
            .location()?;
        Some((location.line(), location.column()))
    })
}

struct Probe<'p> {
    path: &'p [Step],
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Some((step, rest)) = self.path.split_first() else {
            return deserializer.deserialize_any(Fail);
        };
        match step.key() {
            Some(key) => deserializer.deserialize_any(InMap { key, rest }),
            None => deserializer.deserialize_any(InSeq {
                index: step.index(),
                rest,
            }),
        }
    }
}

/// Accepts nothing, so the reader reports the place it is at.
struct Fail;

impl Visitor<'_> for Fail {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

struct InMap<'p> {
    key: &'p str,
    rest: &'p [Step],
}

impl<'de> Visitor<'de> for InMap<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let is_last = self.rest.is_empty();
        while let Some(found) = map.next_key_seed(KeyProbe {
            key: self.key,
            is_last,
        })? {
            if found {
                map.next_value_seed(Probe { path: self.rest })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct InSeq<'p> {
    index: usize,
    rest: &'p [Step],
}

impl<'de> Visitor<'de> for InSeq<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for _ in 0..self.index {
            seq.next_element::<IgnoredAny>()?;
        }
        seq.next_element_seed(Probe { path: self.rest })?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Compares a key, and fails on it if the path ends there.
struct KeyProbe<'p> {
    key: &'p str,
    is_last: bool,
}

impl<'de> DeserializeSeed<'de> for KeyProbe<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyProbe<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<bool, E> {
        match (text == self.key, self.is_last) {
            (true, true) => Err(E::custom("here")),
            (found, _) => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_elements_and_the_deepest_that_exists() {
        let text = "a: 1\nb:\n  - x: 1\n    y: 2\n  - z\n";
        let cases: &[(&[Step], (usize, usize))] = &[
            (&[Step::Key("b")], (2, 1)),
            (&[Step::Key("b"), Step::Index(0), Step::Key("y")], (4, 5)),
            (&[Step::Key("b"), Step::Index(1)], (5, 5)),
            (
                &[Step::Key("b"), Step::Index(0), Step::Key("missing")],
                (3, 5),
            ),
        ];
        for (path, place) in cases {
            assert_eq!(locate(text, path), Some(*place), "{}", show_path(path));
        }
    }

    #[test]
    fn several_documents() {
        let text = "a: 1\n---\nlabels:\n  b.c: 2\n---\na: 3\n";
        let path = [Step::Key("labels"), Step::Name("b.c".to_owned())];
        assert_eq!(locate_in(text, 1, &path), Some((4, 3)));
        assert_eq!(locate_in(text, 2, &[Step::Key("a")]), Some((6, 1)));
    }
}
