//! Answers as text and numbers that can be compared.

use narthex_model::{Histogram, Result};
use narthex_promql::{QueryOutput, QueryValue, SampleValue};

/// How far numbers may be apart whose last bits depend on the order of an addition.
const TOLERANCE: f64 = 1e-12;

/// An answer: words that must be equal, and numbers in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    words: Vec<String>,
    numbers: Vec<f64>,
}

impl Answer {
    /// Reads the answer to a query. `ordered`: the order of its elements matters.
    pub(crate) fn new(output: Result<QueryOutput>, ordered: bool) -> Self {
        let mut answer = Self::default();
        match output {
            Ok(output) => answer.read(output, ordered),
            Err(error) => answer.words.push(without_names(&error.to_string())),
        }
        answer
    }

    /// Whether the query failed.
    pub(crate) fn is_error(&self) -> bool {
        self.words.first().is_some_and(|w| w.starts_with("error"))
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
        for mut notes in [output.warnings, output.infos] {
            notes.sort();
            self.words.extend(notes);
        }
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

    /// How another answer to the same question differs; nothing if it does not.
    pub(crate) fn difference(&self, other: &Self, rounded: bool) -> Option<String> {
        let words = self.words.iter().zip(&other.words).find(|(a, b)| a != b);
        if let Some((a, b)) = words {
            return Some(format!("{a:?} became {b:?}"));
        }
        let (a, b) = (&self.words, &other.words);
        if a.len() != b.len() {
            let rest = if a.len() > b.len() {
                &a[b.len()..]
            } else {
                &b[a.len()..]
            };
            return Some(format!("{} words became {}: {rest:?}", a.len(), b.len()));
        }
        let numbers = self.numbers.iter().zip(&other.numbers);
        let (a, b) = numbers
            .into_iter()
            .find(|(a, b)| !same(**a, **b, rounded))?;
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
    let mut out = String::from("error: ");
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
