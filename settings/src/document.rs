//! Files of several documents whose forms differ too much for one type: each is read as a tree whose nodes know where they stand.

use std::cell::RefCell;

use narthex_model::{Error, Result};
use serde::Deserialize;
use serde_yaml::Value;

use crate::locate::{Step, locate_in, show_path};
use crate::node::Node;
use crate::source::Source;

/// A document of a file, and what was found wrong with it or worth saying of it.
#[derive(Debug)]
pub struct Document<'a> {
    source: Source<'a>,
    index: usize,
    value: Value,
    problems: RefCell<Vec<Error>>,
    notes: RefCell<Vec<String>>,
}

/// The documents of a file; those that are empty are left out.
///
/// # Errors
/// `Invalid` with the place of what is no YAML.
pub fn documents<'a>(file: &'a str, text: &'a str) -> Result<Vec<Document<'a>>> {
    let source = Source {
        file,
        text,
        is_known_elsewhere: |_| false,
    };
    let mut read = Vec::new();
    for (index, document) in serde_yaml::Deserializer::from_str(text).enumerate() {
        let value = Value::deserialize(document).and_then(|mut value| {
            value.apply_merge()?;
            Ok(value)
        });
        let value = value.map_err(|e| source.yaml_error(&e))?;
        if value.is_null() {
            continue;
        }
        read.push(Document {
            source,
            index,
            value,
            problems: RefCell::default(),
            notes: RefCell::default(),
        });
    }
    Ok(read)
}

impl<'a> Document<'a> {
    /// The outermost node.
    pub fn root(&self) -> Node<'_> {
        Node::root(self, &self.value)
    }

    /// The file's name.
    pub fn file(&self) -> &'a str {
        self.source.file
    }

    /// All that was found wrong so far, each with its place; none is left behind.
    pub fn take_problems(&self) -> Vec<Error> {
        self.problems.take()
    }

    /// All that was found worth saying so far, each with its place; none is left behind.
    pub fn take_notes(&self) -> Vec<String> {
        self.notes.take()
    }

    pub(crate) fn problem(&self, path: &[Step], message: &str) {
        let message = self.said_of(path, message);
        self.problems.borrow_mut().push(Error::invalid(message));
    }

    pub(crate) fn note(&self, path: &[Step], message: &str) {
        let message = self.said_of(path, message);
        self.notes.borrow_mut().push(message);
    }

    /// `file:line:column` of the node at `path`.
    pub(crate) fn place(&self, path: &[Step]) -> String {
        match locate_in(self.source.text, self.index, path) {
            Some((line, column)) => format!("{}:{line}:{column}", self.source.file),
            None => self.source.file.to_owned(),
        }
    }

    fn said_of(&self, path: &[Step], message: &str) -> String {
        let place = self.place(path);
        match show_path(path) {
            path if path.is_empty() => format!("{place}: {message}"),
            path => format!("{place}: {path}: {message}"),
        }
    }
}
