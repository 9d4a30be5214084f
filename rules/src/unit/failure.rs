//! What a test did not find as expected, in promtool's words.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use narthex_syntax::Quoted;

use super::diff::diff;

/// Something that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was looked at, or what went wrong.
    what: String,
    difference: Difference,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Difference {
    /// Nothing was compared.
    Unknown,
    /// What was expected, and what came.
    Samples(String, String),
    Alerts(Vec<ShownAlert>, Vec<ShownAlert>),
}

impl Failure {
    /// Something that went wrong.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            difference: Difference::Unknown,
        }
    }

    /// Samples that are not as expected.
    pub(super) fn samples(what: String, expected: String, got: String) -> Self {
        Self {
            what,
            difference: Difference::Samples(expected, got),
        }
    }

    /// Alerts that are not as expected.
    pub(super) fn alerts(what: String, expected: Vec<ShownAlert>, got: Vec<ShownAlert>) -> Self {
        Self {
            what,
            difference: Difference::Alerts(expected, got),
        }
    }

    /// The same with what differs between alerts in colours.
    pub fn to_diff(&self) -> String {
        match &self.difference {
            Difference::Alerts(expected, got) => {
                format!("{}, \n        diff: {}", self.what, diff(expected, got))
            }
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.difference {
            Difference::Unknown => Ok(()),
            Difference::Alerts(expected, got) => {
                let (expected, got) = (show_alerts(expected), show_alerts(got));
                write!(f, ", \n        exp:{expected}, \n        got:{got}")
            }
            Difference::Samples(expected, got) => {
                write!(f, ",\n        exp: {expected}\n        got: {got}")
            }
        }
    }
}

/// An alert as it is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ShownAlert {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
}

/// Alerts, one below the other.
fn show_alerts(alerts: &[ShownAlert]) -> String {
    if alerts.is_empty() {
        return "[]".to_owned();
    }
    let shown = alerts.iter().enumerate().map(|(i, alert)| {
        let (labels, annotations) = (show_labels(&alert.labels), show_labels(&alert.annotations));
        let indent = " ".repeat(14);
        format!("{i}:\n{indent}Labels:{labels}\n{indent}Annotations:{annotations}")
    });
    let indent = format!("\n{}", " ".repeat(12));
    let shown: Vec<_> = shown.collect();
    format!("[{indent}{}{indent}]", shown.join(&format!(",{indent}")))
}

/// Labels as they are shown: `{a="b", c="d"}`.
pub fn show_labels(labels: &BTreeMap<String, String>) -> String {
    let mut out = String::from("{");
    for (i, (name, value)) in labels.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        // Writing to a text does not fail.
        let _ = write!(out, "{comma}{name}={}", Quoted(value));
    }
    out.push('}');
    out
}
