//! Unit-test files of rules, as promtool reads them.

use std::collections::BTreeMap;

use narthex_model::{Error, Result, TimestampMs, parse_float};
use narthex_settings::{DurationMs, FromText, Source, or_default, text};
use serde::{Deserialize, Deserializer};

use crate::file::TextMap;

/// How often rules are evaluated if the file does not say.
const EVALUATION_INTERVAL: DurationMs = DurationMs(60_000);

/// A file of tests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestFile {
    /// Files with the rules under test, with globs, relative to this file.
    #[serde(default, deserialize_with = "or_default")]
    pub rule_files: Vec<String>,
    /// How often rules are evaluated.
    #[serde(default = "evaluation_interval")]
    pub evaluation_interval: DurationMs,
    /// Names of groups in the order of their evaluation.
    #[serde(default, deserialize_with = "or_default")]
    pub group_eval_order: Vec<String>,
    /// Whether floats may differ by the least that they can.
    #[serde(default)]
    pub fuzzy_compare: bool,
    /// The tests.
    #[serde(default, deserialize_with = "or_default")]
    pub tests: Vec<TestGroup>,
}

fn evaluation_interval() -> DurationMs {
    EVALUATION_INTERVAL
}

/// Series, and what the rules and queries make of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TestGroup {
    /// A name for messages.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// The distance of the values of series; 0: that of evaluations.
    pub interval: DurationMs,
    /// When everything begins.
    pub start_timestamp: StartTime,
    /// The series.
    #[serde(deserialize_with = "or_default")]
    pub input_series: Vec<InputSeries>,
    /// Which alerts should fire.
    #[serde(deserialize_with = "or_default")]
    pub alert_rule_test: Vec<AlertTest>,
    /// What queries should answer.
    #[serde(deserialize_with = "or_default")]
    pub promql_expr_test: Vec<ExprTest>,
    /// Labels of the server.
    #[serde(deserialize_with = "texts")]
    pub external_labels: BTreeMap<String, String>,
    /// The URL of the server.
    #[serde(deserialize_with = "or_default")]
    pub external_url: String,
}

/// A series and its values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSeries {
    /// `name{label="value"}`.
    pub series: String,
    /// `1 2+3x4 _ stale`.
    #[serde(default)]
    pub values: String,
}

/// The alerts of a rule that should fire at some time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertTest {
    /// When, from the start on.
    #[serde(default)]
    pub eval_time: DurationMs,
    /// The alert.
    #[serde(default)]
    pub alertname: String,
    /// Those that should fire, and no others.
    #[serde(default, deserialize_with = "or_default")]
    pub exp_alerts: Vec<ExpectedAlert>,
}

/// An alert that should fire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExpectedAlert {
    /// Its labels, without the name.
    #[serde(deserialize_with = "texts")]
    pub exp_labels: BTreeMap<String, String>,
    /// Its annotations.
    #[serde(deserialize_with = "texts")]
    pub exp_annotations: BTreeMap<String, String>,
}

/// What a query should answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExprTest {
    /// The query.
    #[serde(default)]
    pub expr: String,
    /// When, from the start on.
    #[serde(default)]
    pub eval_time: DurationMs,
    /// The samples, in any order.
    #[serde(default, deserialize_with = "or_default")]
    pub exp_samples: Vec<ExpectedSample>,
}

/// A sample that a query should answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExpectedSample {
    /// `name{label="value"}`.
    #[serde(deserialize_with = "or_default")]
    pub labels: String,
    /// The value.
    pub value: f64,
    /// `{{sum:1 …}}`, if it is a native histogram.
    #[serde(deserialize_with = "or_default")]
    pub histogram: String,
}

/// A point in time: seconds since the epoch, or RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StartTime(pub TimestampMs);

impl FromText for StartTime {
    const EXPECTING: &'static str = "seconds since the epoch or a time like 2026-01-02T03:04:05Z";

    fn from_text(text: &str) -> std::result::Result<Self, String> {
        if let Some(seconds) = parse_float(text).filter(|s| s.is_finite()) {
            // A float out of range becomes the nearest that is in range.
            return Ok(Self((seconds * 1000.0).round() as i64));
        }
        let time: jiff::Timestamp = text
            .parse()
            .map_err(|_| format!("\"{text}\" is not {}", Self::EXPECTING))?;
        Ok(Self(time.as_millisecond()))
    }
}

impl<'de> Deserialize<'de> for StartTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        text(deserializer)
    }
}

fn texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<BTreeMap<String, String>, D::Error> {
    Ok(or_default::<D, TextMap>(deserializer)?.0)
}

impl TestFile {
    /// Reads a file of this name and text.
    ///
    /// # Errors
    /// `Invalid` with file, line, column and key.
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        let source = Source {
            file,
            text,
            is_known_elsewhere: |_| false,
        };
        let read = serde_yaml::from_str(text);
        let file: Self = read.map_err(|e| source.yaml_error(&e))?;
        let mut seen = std::collections::HashSet::new();
        match file
            .group_eval_order
            .iter()
            .find(|name| !seen.insert(*name))
        {
            Some(name) => Err(Error::invalid(format!(
                "group name repeated in evaluation order: {name}"
            ))),
            None => Ok(file),
        }
    }
}
