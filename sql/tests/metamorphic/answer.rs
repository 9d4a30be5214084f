//! Answers as text and numbers that can be compared.

use std::collections::BTreeSet;

use narthex_model::{Histogram, Result};
use narthex_promql::{QueryOutput, QueryValue, SampleValue};

/// How far numbers may be apart whose last bits depend on the order of an addition.
const TOLERANCE: f64 = 1e-12;

/// An answer: words that must be equal, numbers in their order, and what was said besides.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    error: Option<String>,
    words: Vec<String>,
    numbers: Vec<f64>,
    notes: BTreeSet<String>,
}

impl Answer {
    /// Reads the answer to a query. `ordered`: the order of its elements matters.
    pub(crate) fn new(output: Result<QueryOutput>, ordered: bool) -> Self {
        let mut answer = Self::default();
        match output {
            Ok(output) => answer.read(output, ordered),
            Err(error) => answer.error = Some(without_names(&error.to_string())),
        }
        answer
    }

    /// Whether the query failed.
    pub(crate) fn is_error(&self) -> bool {
        self.error.is_some()
    }

    fn read(&mut self, output: QueryOutput, ordered: bool) {
        match output.value {
            QueryValue::Scalar { timestamp, value } => self.float(timestamp, value),
            QueryValue::String { value, .. } => self.words.push(value),
            QueryValue::Vector(mut samples) => {
                if !ordered {
                    samples.sort_by(|a, b| a.labels.cmp(&b.labels));
                }
                for sample in samples {
                    self.words.push(sample.labels.to_string());
                    match sample.value {
                        SampleValue::Float(v) => self.float(sample.timestamp, v),
                        SampleValue::Histogram(h) => self.histogram(sample.timestamp, &h),
                    }
                }
            }
            QueryValue::Matrix(series) => {
                for series in series {
                    self.words.push(series.labels.to_string());
                    for (at, v) in series.timestamps.iter().zip(&series.values) {
                        self.float(*at, *v);
                    }
                    for (at, histogram) in &series.histograms {
                        self.histogram(*at, histogram);
                    }
                }
            }
        }
        self.notes.extend(output.warnings);
        self.notes.extend(output.infos);
    }

    fn float(&mut self, at: i64, value: f64) {
        self.words.push(at.to_string());
        self.numbers.push(value);
    }

    fn histogram(&mut self, at: i64, h: &Histogram) {
        let shape = (h.schema, &h.positive_spans, &h.negative_spans, h.reset_hint);
        self.words.push(format!("{at} {shape:?}"));
        self.numbers
            .extend([h.zero_threshold, h.zero_count, h.count, h.sum]);
        let lists = [&h.positive_buckets, &h.negative_buckets, &h.custom_values];
        self.numbers.extend(lists.into_iter().flatten());
    }

    /// How another answer to the same question differs; nothing if it does not. `rounded`: the last bits do not count. `lazy`: an
    /// operand that cannot change an empty answer may be left out, and nobody sees its errors and notes then.
    pub(crate) fn difference(&self, other: &Self, rounded: bool, lazy: bool) -> Option<String> {
        if self.error != other.error {
            let empty = |answer: &Self| answer.error.is_none() && answer.words.is_empty();
            // Of two operands that are refused, the one that runs first is told.
            let both = self.is_error() && other.is_error();
            let unseen = lazy && (both || empty(self) || empty(other));
            return (!unseen).then(|| format!("{:?} became {:?}", self.error, other.error));
        }
        let subset = self.notes.is_subset(&other.notes) || other.notes.is_subset(&self.notes);
        if self.notes != other.notes && !(lazy && subset) {
            return Some(format!("{:?} became {:?}", self.notes, other.notes));
        }
        if self.words != other.words {
            let (a, b) = (&self.words, &other.words);
            let at = a.iter().zip(b).position(|(a, b)| a != b);
            let at = at.unwrap_or(a.len().min(b.len()));
            return Some(format!("{:?} became {:?}", a.get(at), b.get(at)));
        }
        let mut numbers = self.numbers.iter().zip(&other.numbers);
        let (a, b) = numbers.find(|(a, b)| !same(**a, **b, rounded))?;
        Some(format!("{a:?} became {b:?}"))
    }
}

/// Bits decide, except that all NaN are one, and so are both zeros: which of them is the least of a group is not defined.
fn same(a: f64, b: f64, rounded: bool) -> bool {
    let close = || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs());
    a == b || (a.is_nan() && b.is_nan()) || (rounded && close())
}

/// An error names one of several series or groups that are to blame, whichever was met first.
fn without_names(error: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_u32;
    for c in error.chars() {
        depth += u32::from(c == '{' || c == '[');
        if depth == 0 {
            out.push(c);
        }
        depth = depth.saturating_sub(u32::from(c == '}' || c == ']'));
    }
    out
}
