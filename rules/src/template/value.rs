//! The values that templates work with: what they are called, when they are true, how they print.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use super::number::float;
use super::time::{Span, Time};

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// What is not there.
    Missing,
    /// What is not there, where anything might have been.
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    /// Text that HTML need not escape: `safeHtml` gives it.
    Html(Arc<str>),
    /// A label set.
    Labels(Arc<BTreeMap<String, String>>),
    /// What `args` makes.
    Args(Arc<BTreeMap<String, Self>>),
    /// What `query` finds.
    Samples(Arc<Vec<Arc<Sample>>>),
    Sample(Arc<Sample>),
    /// The dot that a template begins with.
    Data(Arc<Data>),
    Time(Time),
    Duration(Span),
    /// A native histogram, as it prints.
    Histogram(Arc<str>),
}

/// A sample as templates see it.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) labels: Arc<BTreeMap<String, String>>,
    pub(super) value: Value,
}

/// What the template of an alert knows of its alert.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) labels: Arc<BTreeMap<String, String>>,
    pub(super) external_labels: Arc<BTreeMap<String, String>>,
    pub(super) external_url: Arc<str>,
    pub(super) value: Value,
}

impl Value {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The type's name in Go, which error messages use.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Missing => "<nil>",
            Self::Nil => "interface {}",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Html(_) => "template.HTML",
            Self::Labels(_) => "map[string]string",
            Self::Args(_) => "map[string]interface {}",
            Self::Samples(_) => "template.queryResult",
            Self::Sample(_) => "*template.sample",
            Self::Data(_) => {
                "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }"
            }
            Self::Time(_) => "*time.Time",
            Self::Duration(_) => "*time.Duration",
            Self::Histogram(_) => "*histogram.FloatHistogram",
        }
    }

    /// Whether it counts as true: it is there and not empty or zero.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Missing | Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) | Self::Html(text) => !text.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::Args(args) => !args.is_empty(),
            Self::Samples(samples) => !samples.is_empty(),
            _ => true,
        }
    }

    /// The number of its elements, if it has some.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::Text(text) | Self::Html(text) => Some(text.len()),
            Self::Labels(labels) => Some(labels.len()),
            Self::Args(args) => Some(args.len()),
            Self::Samples(samples) => Some(samples.len()),
            _ => None,
        }
    }

    /// Whether it is text of either kind.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Html(text) => Some(text),
            _ => None,
        }
    }

    /// As an action prints it.
    pub(super) fn printed(&self) -> String {
        match self {
            Self::Missing => "<no value>".to_owned(),
            value => value.formatted(),
        }
    }

    /// As `%v` formats it.
    pub(super) fn formatted(&self) -> String {
        let mut out = String::new();
        self.format(&mut out);
        out
    }

    fn format(&self, out: &mut String) {
        match self {
            Self::Missing | Self::Nil => out.push_str("<nil>"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Float(value) => out.push_str(&float(*value)),
            Self::Text(text) | Self::Html(text) | Self::Histogram(text) => out.push_str(text),
            Self::Labels(labels) => format_labels(labels, out),
            Self::Args(args) => {
                let pairs = args.iter();
                format_map(pairs, out, Self::format);
            }
            Self::Samples(samples) => {
                out.push('[');
                for (i, sample) in samples.iter().enumerate() {
                    out.push_str(if i > 0 { " &" } else { "&" });
                    Self::Sample(sample.clone()).format(out);
                }
                out.push(']');
            }
            Self::Sample(sample) => {
                out.push('{');
                format_labels(&sample.labels, out);
                out.push(' ');
                sample.value.format(out);
                out.push('}');
            }
            Self::Data(data) => {
                out.push('{');
                format_labels(&data.labels, out);
                out.push(' ');
                format_labels(&data.external_labels, out);
                // Writing to a text does not fail.
                let _ = write!(out, " {} ", data.external_url);
                data.value.format(out);
                out.push('}');
            }
            Self::Time(time) => out.push_str(&time.to_string()),
            Self::Duration(span) => out.push_str(&span.to_string()),
        }
    }
}

fn format_labels(labels: &BTreeMap<String, String>, out: &mut String) {
    format_map(labels.iter(), out, |value, out| out.push_str(value));
}

fn format_map<'a, T: 'a>(
    pairs: impl Iterator<Item = (&'a String, &'a T)>,
    out: &mut String,
    format: impl Fn(&T, &mut String),
) {
    out.push_str("map[");
    for (i, (name, value)) in pairs.enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(name);
        out.push(':');
        format(value, out);
    }
    out.push(']');
}
