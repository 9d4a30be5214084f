//! What a test did not find as expected, in promtool's words.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use narthex_syntax::Quoted;

/// Something that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was looked at, or what went wrong.
    pub what: String,
    /// What was expected and what came, if both are known.
    pub difference: Option<(String, String)>,
    /// How the two are set apart from what was looked at.
    pub(super) of_alerts: bool,
}

impl Failure {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            difference: None,
            of_alerts: false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.difference {
            None => Ok(()),
            Some((expected, got)) if self.of_alerts => {
                write!(f, ", \n        exp:{expected}, \n        got:{got}")
            }
            Some((expected, got)) => write!(f, ",\n        exp: {expected}\n        got: {got}"),
        }
    }
}

/// An alert as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ShownAlert {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
}

/// Alerts, one below the other.
pub(super) fn show_alerts(alerts: &[ShownAlert]) -> String {
    if alerts.is_empty() {
        return "[]".to_owned();
    }
    let shown = alerts.iter().enumerate().map(|(i, alert)| {
        let (labels, annotations) = (show(&alert.labels), show(&alert.annotations));
        let indent = " ".repeat(14);
        format!("{i}:\n{indent}Labels:{labels}\n{indent}Annotations:{annotations}")
    });
    let indent = format!("\n{}", " ".repeat(12));
    let shown: Vec<_> = shown.collect();
    format!("[{indent}{}{indent}]", shown.join(&format!(",{indent}")))
}

/// `{a="b", c="d"}`.
pub(super) fn show(labels: &BTreeMap<String, String>) -> String {
    let mut out = String::from("{");
    for (i, (name, value)) in labels.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        // Writing to a text does not fail.
        let _ = write!(out, "{comma}{name}={}", Quoted(value));
    }
    out.push('}');
    out
}
