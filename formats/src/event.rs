//! What an exposition body says, piece by piece: one event model for every exposition format.
//!
//! Events borrow from the body and from the parser, so one is over before the next begins. A text is copied only if it
//! holds an escape, or is a bucket bound in unusual spelling.

use std::borrow::Cow;

use narthex_model::{Histogram, Label, METRIC_NAME, MetricType, TimestampMs};

/// A label's name and value.
pub type LabelText<'a> = (Cow<'a, str>, Cow<'a, str>);

/// A piece of an exposition body.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// The type of a metric family.
    Type {
        /// The family's name.
        family: Cow<'a, str>,
        /// Its type.
        metric_type: MetricType,
    },
    /// The help text of a metric family.
    Help {
        /// The family's name.
        family: Cow<'a, str>,
        /// The text, unescaped.
        text: Cow<'a, str>,
    },
    /// The unit of a metric family.
    Unit {
        /// The family's name.
        family: Cow<'a, str>,
        /// For instance `seconds`; may be empty.
        unit: &'a str,
    },
    /// A sample.
    Sample(SampleEvent<'a>),
    /// The end mark of OpenMetrics; nothing follows.
    Eof,
}

/// A sample as its target exposes it.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleEvent<'a> {
    /// The metric's name, never empty.
    pub name: &'a str,
    /// The other labels in the order of the body. Names are not empty but may stand twice, and values may be empty.
    pub labels: &'a [LabelText<'a>],
    /// Name and labels as they stand in the body. The same text within a family means the same series, so a scraper
    /// may use it as the key of a cache.
    pub series: &'a str,
    /// The value.
    pub value: SampleValue,
    /// When, if the body says so.
    pub timestamp: Option<TimestampMs>,
    /// When counting began, if the body says so. `_created` series of OpenMetrics 1.0 are samples of their own.
    pub start_timestamp: Option<TimestampMs>,
    /// An observation that stands for many.
    pub exemplar: Option<ExemplarEvent<'a>>,
}

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Box<Histogram>),
}

/// An exemplar of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExemplarEvent<'a> {
    /// Its labels, for instance `trace_id`.
    pub labels: &'a [LabelText<'a>],
    /// The observed value.
    pub value: f64,
    /// When, if the body says so.
    pub timestamp: Option<TimestampMs>,
}

impl SampleEvent<'_> {
    /// Puts the metric's name and all labels into `out`, which is emptied first.
    pub fn collect_labels<'s>(&'s self, out: &mut Vec<Label<'s>>) {
        out.clear();
        out.push((METRIC_NAME, self.name));
        out.extend(self.labels.iter().map(|(n, v)| (n.as_ref(), v.as_ref())));
    }
}

/// A vector of labels that is lent to one event after the other, though each lives shorter than the vector.
///
/// ```
/// # use narthex_formats::LabelScratch;
/// let mut scratch = LabelScratch::default();
/// for line in ["a", "b"] {
///     let text = line.to_owned();
///     let mut labels = scratch.take();
///     labels.push(("name", text.as_str()));
///     scratch.give_back(labels);
/// }
/// ```
#[derive(Debug, Default)]
pub struct LabelScratch(Vec<Label<'static>>);

impl LabelScratch {
    /// The vector, empty.
    pub fn take<'a>(&mut self) -> Vec<Label<'a>> {
        std::mem::take(&mut self.0)
    }

    /// Keeps the memory of `labels` for the next [`LabelScratch::take`].
    pub fn give_back(&mut self, mut labels: Vec<Label<'_>>) {
        labels.clear();
        // Collecting an empty vector into another of the same layout keeps the allocation and changes the lifetime.
        self.0 = labels.into_iter().map(|_| ("", "")).collect();
    }
}
