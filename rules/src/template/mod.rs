//! Go's template language with Prometheus' functions, as labels and annotations of alerts are written in it.
//!
//! A template is read once and run for every alert. It can do no harm: it has a budget of steps, depth and bytes, and
//! touches nothing. A query inside it is not run but asked for: [`Template::expand`] says which one it needs, and is called
//! again with the answer.

mod answers;
mod builtins;
mod command;
mod compare;
mod convert;
mod escape;
mod exec;
mod functions;
mod host;
mod humanize;
mod layout;
mod lex;
mod literal;
mod methods;
mod node;
mod number;
mod parse;
mod pipeline;
mod printf;
mod time;
mod token;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{LabelsRef, TimestampMs};

use exec::{Run, STEPS_MAX, Stop};
use functions::{Called, Failure};
use value::{Data, Sample, Value};

use crate::{SampleValue, VectorSample};

pub use answers::Answers;
pub(crate) use functions::table_link;

/// What every template of an alert begins with, so that its values have short names.
const DEFINITIONS: &str = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";

/// Milliseconds as Go prints a duration: `1m0s`.
pub fn go_duration(ms: i64) -> String {
    time::Span(ms.saturating_mul(1_000_000)).to_string()
}

/// The shortest text with an exponent that reads back as `value`: `8E+00`.
pub(crate) fn scientific(value: f64) -> String {
    number::exponential(value, None).replace('e', "E")
}

/// A template that was read and can be run.
#[derive(Debug, Clone)]
pub struct Template {
    name: String,
    text: String,
    trees: parse::Trees,
}

/// What a template may know.
#[derive(Debug)]
pub struct Context<'a> {
    /// The alert.
    pub data: &'a AlertData,
    /// When: the time of its queries and of `now`.
    pub at: TimestampMs,
    /// Where we are reached from outside.
    pub external_url: &'a str,
    /// The path in that URL.
    pub external_path: &'a str,
    /// What queries have been answered so far.
    pub answers: &'a Answers,
}

/// The alert that a template is about: `.Labels`, `.ExternalLabels`, `.ExternalURL`, `.Value`.
#[derive(Debug)]
pub struct AlertData(Arc<Data>);

impl AlertData {
    /// The alert of a sample.
    pub fn new(
        sample: &VectorSample,
        external_labels: &BTreeMap<String, String>,
        external_url: &str,
    ) -> Self {
        Self(Arc::new(Data {
            labels: map(sample.labels.as_ref()),
            external_labels: Arc::new(external_labels.clone()),
            external_url: external_url.into(),
            value: number(&sample.value),
        }))
    }
}

/// What running a template gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expansion {
    /// The text.
    Text(String),
    /// Nothing yet: this query must be answered first.
    Ask(String),
}

/// The steps that the templates of a rule may take together while it is evaluated once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(20 * STEPS_MAX)
    }
}

impl Template {
    /// Reads the template of a label or annotation of the alert `alert`.
    ///
    /// # Errors
    /// The first mistake, as Prometheus shows it.
    pub fn of_alert(alert: &str, text: &str) -> Result<Self, String> {
        Self::parse(format!("__alert_{alert}"), format!("{DEFINITIONS}{text}"))
    }

    fn parse(name: String, text: String) -> Result<Self, String> {
        let trees = parse::parse(&name, &text, &|name| functions::find(name).is_some())?;
        Ok(Self { name, text, trees })
    }

    /// Runs it, as long as the budget lasts.
    ///
    /// # Errors
    /// Why it cannot be run to its end, as Prometheus shows it.
    pub fn expand(&self, context: &Context<'_>, budget: &mut Budget) -> Result<Expansion, String> {
        let dot = Value::Data(context.data.0.clone());
        let steps = budget.0.min(STEPS_MAX);
        let run = Run::new(&self.name, &self.text, &self.trees, context, steps);
        let (walked, left) = run.run(&dot);
        budget.0 -= steps - left;
        match walked {
            Ok(text) => Ok(Expansion::Text(text)),
            Err(Stop::Ask(query)) => Ok(Expansion::Ask(query)),
            Err(Stop::Error(message)) => {
                Err(format!("error executing template {}: {message}", self.name))
            }
            // The parser lets neither stand outside of a loop.
            Err(Stop::Break | Stop::Continue) => Ok(Expansion::Text(String::new())),
        }
    }
}

impl Context<'_> {
    fn query(&self, query: &str) -> Called {
        self.answers.get(query)
    }
}

fn shown(sample: &VectorSample) -> Sample {
    Sample {
        labels: map(sample.labels.as_ref()),
        value: number(&sample.value),
    }
}

fn number(value: &SampleValue) -> Value {
    match value {
        SampleValue::Float(value) => Value::Float(*value),
        SampleValue::Histogram(histogram) => Value::Histogram(histogram.text.as_str().into()),
    }
}

fn map(labels: LabelsRef<'_>) -> Arc<BTreeMap<String, String>> {
    let pairs = labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
    Arc::new(pairs.collect())
}

#[cfg(test)]
mod tests;
