//! What range functions say about the samples they get.

use std::collections::HashSet;

use super::arguments::{MetricNames, StepScalar};
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
pub(super) struct Remarks<'a> {
    rule: Rule,
    speaker: &'a Speaker,
    names: MetricNames,
    /// What was said last, so that it is not said for each row or step again.
    last_metric: Option<String>,
    last_quantile: Option<u64>,
}

#[derive(Clone, Copy)]
enum Rule {
    /// The metric should be a counter.
    Counter,
    /// The parameter should be a quantile.
    Quantile,
}

impl<'a> Remarks<'a> {
    /// `None` if the function has nothing to say about floats.
    pub(super) fn of(function: &str, speaker: &'a Speaker, names: MetricNames) -> Option<Self> {
        let rule = match function {
            "rate" | "increase" => Rule::Counter,
            "quantile_over_time" => Rule::Quantile,
            _ => return None,
        };
        Some(Self {
            rule,
            speaker,
            names,
            last_metric: None,
            last_quantile: None,
        })
    }

    /// The function has given the points `present` of `row`.
    pub(super) fn after(&mut self, row: usize, present: &[bool], parameter: &StepScalar) {
        match self.rule {
            Rule::Counter if present.contains(&true) => self.counter(row),
            Rule::Counter => {}
            Rule::Quantile => {
                let steps = present.iter().enumerate().filter(|(_, there)| **there);
                steps.for_each(|(step, _)| self.quantile(parameter.at(row, step)));
            }
        }
    }

    fn counter(&mut self, row: usize) {
        let metric = self.names.at(row);
        if metric.is_empty()
            || is_counter_name(metric)
            || self.last_metric.as_deref() == Some(metric)
        {
            return;
        }
        self.speaker.say(&Note::PossibleNonCounter { metric });
        self.last_metric = Some(metric.to_owned());
    }

    fn quantile(&mut self, phi: f64) {
        if is_quantile(phi) || self.last_quantile == Some(phi.to_bits()) {
            return;
        }
        self.speaker.say(&Note::InvalidQuantile(phi));
        self.last_quantile = Some(phi.to_bits());
    }
}

/// What operations on native histograms say, once for each metric.
pub(super) struct HistogramRemarks<'a> {
    speaker: &'a Speaker,
    names: MetricNames,
    said: HashSet<(String, HistogramNote)>,
}

impl<'a> HistogramRemarks<'a> {
    pub(super) fn new(speaker: &'a Speaker, names: MetricNames) -> Self {
        Self {
            speaker,
            names,
            said: HashSet::new(),
        }
    }

    /// Says something about the series of `row`.
    pub(super) fn say(&mut self, row: usize, note: HistogramNote) {
        let metric = self.names.at(row);
        if self.said.insert((metric.to_owned(), note)) {
            self.speaker.say(&note.about(metric));
        }
    }
}
