//! What range functions say about the samples they get.

use std::collections::HashSet;

use datafusion::common::Result;

use super::arguments::Arguments;
use super::operand::{MetricNames, Operand};
use crate::histogram::HistogramNote;
use crate::notes::{Note, Speaker};

/// Endings of names that promise a counter.
const COUNTER_ENDINGS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

/// Whether `metric` is called as a counter should be.
pub(crate) fn is_counter_name(metric: &str) -> bool {
    COUNTER_ENDINGS.iter().any(|end| metric.ends_with(end))
}

/// Whether a quantile makes sense.
pub(crate) fn is_quantile(phi: f64) -> bool {
    (0.0..=1.0).contains(&phi)
}

/// Looks at each row after the function has filled it.
pub(super) enum Remarks<'a> {
    /// There is nothing to say about floats.
    None,
    /// The metric should be a counter.
    Counter {
        speaker: &'a Speaker,
        names: MetricNames,
        /// What was said last, so that it is not said for each row again.
        last: Option<String>,
    },
    /// The parameter should be a quantile.
    Quantile {
        speaker: &'a Speaker,
        /// What was said last, so that it is not said for each step again.
        last: Option<u64>,
    },
}

impl<'a> Remarks<'a> {
    /// What `speaker` says of the function called `function`, whose last argument are the metric's names.
    pub(super) fn read(
        function: &str,
        speaker: Option<&'a Speaker>,
        arguments: &Arguments,
    ) -> Result<Self> {
        Ok(match (function, speaker) {
            ("rate" | "increase", Some(speaker)) => Self::Counter {
                speaker,
                names: MetricNames::read(arguments)?,
                last: None,
            },
            ("quantile_over_time", Some(speaker)) => Self::Quantile {
                speaker,
                last: None,
            },
            _ => Self::None,
        })
    }

    /// The function has given the points `present` of `row`.
    pub(super) fn after(&mut self, row: usize, present: &[bool], parameter: &Operand) {
        match self {
            Self::None => {}
            Self::Counter {
                speaker,
                names,
                last,
            } => {
                if present.contains(&true) {
                    counter(speaker, names.at(row), last);
                }
            }
            Self::Quantile { speaker, last } => {
                let steps = present.iter().enumerate().filter(|(_, there)| **there);
                steps.for_each(|(step, _)| quantile(speaker, parameter.at(row, step), last));
            }
        }
    }
}

fn counter(speaker: &Speaker, metric: &str, last: &mut Option<String>) {
    if metric.is_empty() || is_counter_name(metric) || last.as_deref() == Some(metric) {
        return;
    }
    speaker.say(&Note::PossibleNonCounter { metric });
    *last = Some(metric.to_owned());
}

fn quantile(speaker: &Speaker, phi: f64, last: &mut Option<u64>) {
    if is_quantile(phi) || *last == Some(phi.to_bits()) {
        return;
    }
    speaker.say(&Note::InvalidQuantile(phi));
    *last = Some(phi.to_bits());
}

/// What operations on native histograms say, once for each metric.
pub(super) struct HistogramRemarks<'a> {
    speaker: &'a Speaker,
    names: MetricNames,
    said: HashSet<(String, HistogramNote)>,
}

impl<'a> HistogramRemarks<'a> {
    /// What `speaker` says, where the last argument are the metric's names.
    pub(super) fn read(speaker: &'a Speaker, arguments: &Arguments) -> Result<Self> {
        Ok(Self {
            speaker,
            names: MetricNames::read(arguments)?,
            said: HashSet::new(),
        })
    }

    /// Says something about the series of `row`.
    pub(super) fn say(&mut self, row: usize, note: HistogramNote) {
        let metric = self.names.at(row);
        if self.said.insert((metric.to_owned(), note)) {
            self.speaker.say(&note.about(metric));
        }
    }
}
