//! Turns what the YAML reader and the checks find into messages with file, line, column and key.

use narthex_model::Error;

use crate::locate::{Step, locate, show_path};
use crate::nearest::nearest;

/// A text and the name it is reported under.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file's name.
    pub file: &'a str,
    /// What stands in it.
    pub text: &'a str,
    /// Whether a key that is not known here is one of Prometheus' all the same: it is answered with "not supported yet".
    pub is_known_elsewhere: fn(&str) -> bool,
}

impl Source<'_> {
    /// An error of the YAML reader, in our words.
    pub fn yaml_error(&self, error: &serde_yaml::Error) -> Error {
        let text = error.to_string();
        let Some(location) = error.location() else {
            return Error::invalid(format!(
                "{}: {}",
                self.file,
                reword(&text, self.is_known_elsewhere)
            ));
        };
        let (line, column) = (location.line(), location.column());
        let place = format!(" at line {line} column {column}");
        let message = reword(&text.replacen(&place, "", 1), self.is_known_elsewhere);
        Error::invalid(format!("{}:{line}:{column}: {message}", self.file))
    }

    /// `message` about the node at `path`.
    pub fn error_at(&self, path: &[Step], message: &str) -> Error {
        Error::invalid(self.at(path, message))
    }

    /// `message` with the place of the node at `path` before it.
    pub fn at(&self, path: &[Step], message: &str) -> String {
        let message = match show_path(path) {
            path if path.is_empty() => message.to_owned(),
            path => format!("{path}: {message}"),
        };
        self.place(path, &message)
    }

    /// `message` with the place of the node at `path` before it, but not its path.
    pub fn place(&self, path: &[Step], message: &str) -> String {
        match locate(self.text, path) {
            Some((line, column)) => format!("{}:{line}:{column}: {message}", self.file),
            None => format!("{}: {message}", self.file),
        }
    }
}

/// Says serde's standard messages as a user of the file would: keys, not fields.
fn reword(text: &str, is_known_elsewhere: fn(&str) -> bool) -> String {
    if let Some((path, rest)) = text.split_once("unknown field `") {
        let (key, expected) = rest.split_once('`').unwrap_or((rest, ""));
        return format!("{path}{}", unknown_key(key, expected, is_known_elsewhere));
    }
    if let Some((path, rest)) = text.split_once("duplicate field `") {
        return format!("{path}key \"{}\" stands twice", rest.trim_end_matches('`'));
    }
    if let Some((path, key)) = text.split_once("duplicate entry with key ") {
        return format!("{path}key {key} stands twice");
    }
    if let Some((path, rest)) = text.split_once("missing field `") {
        return format!("{path}key \"{}\" is missing", rest.trim_end_matches('`'));
    }
    if let Some((path, rest)) = text.split_once("unknown variant `") {
        return format!(
            "{path}unknown value \"{}",
            rest.replacen('`', "\"", 1).replace('`', "\"")
        );
    }
    plain_types(&text.replace('`', "\""))
}

/// Names of Rust types as a user of the file knows them.
fn plain_types(text: &str) -> String {
    let Some((before, expected)) = text.split_once(", expected ") else {
        return text.to_owned();
    };
    let expected = match expected {
        "u64" => "a whole number",
        "u16" => "a whole number up to 65535",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a mapping",
        name if name.starts_with("struct ") => "a mapping",
        other => other,
    };
    let before = before.replace("invalid type: sequence", "invalid type: a list");
    let before = before.replace("invalid type: map", "invalid type: a mapping");
    format!("{before}, expected {expected}")
}

fn unknown_key(key: &str, expected: &str, is_known_elsewhere: fn(&str) -> bool) -> String {
    if is_known_elsewhere(key) {
        return format!("key \"{key}\" is not supported yet");
    }
    // Serde lists the known keys between back quotes.
    let known = expected.split('`').skip(1).step_by(2);
    match nearest(key, known) {
        Some(meant) => format!("unknown key \"{key}\", did you mean \"{meant}\"?"),
        None => format!("unknown key \"{key}\""),
    }
}
