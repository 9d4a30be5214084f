//! What a server would have written of what a rule's expression gives over a span of time.

use std::collections::{HashMap, HashSet};

use narthex_model::{Labels, TimestampMs, stale_nan};

use super::span::Span;
use super::{Instants, Series};
use crate::eval::recorded_labels;
use crate::file::RuleSpec;

/// A recording rule on its way through the past. As on a server, a rule that fails at an instant (too many series, two with the same
/// labels) records nothing then, and a series that is there no more ends at the next instant at which the rule does not fail.
#[derive(Debug)]
pub struct Recorder {
    rule: RuleSpec,
    limit: usize,
    /// The series of the last instant that did not fail; `None` if no instant is known.
    before: Option<HashSet<Labels>>,
    recorded: Recorded,
}

/// What a rule has recorded.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    ids: HashSet<u64>,
    /// Values, ends of series not counted.
    pub samples: u64,
    /// Ends of series.
    pub ends: u64,
    /// Instants at which the rule failed.
    pub refused: Option<Refused>,
}

impl Recorded {
    /// How many series there are.
    pub fn series(&self) -> usize {
        self.ids.len()
    }
}

/// Why nothing was recorded at some instants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why at the first of them.
    pub message: String,
    /// The first.
    pub first: TimestampMs,
    /// The last.
    pub last: TimestampMs,
    /// How many there were.
    pub instants: u64,
}

impl Recorder {
    /// Before the first instant. `limit` is that of the group, 0 for none.
    pub fn new(rule: RuleSpec, limit: usize) -> Self {
        Self {
            rule,
            limit,
            before: None,
            recorded: Recorded::default(),
        }
    }

    /// The rule.
    pub fn rule(&self) -> &RuleSpec {
        &self.rule
    }

    /// Whether it is known what there was at the instant before: if not, the next span should begin with that instant.
    pub fn knows_what_was(&self) -> bool {
        self.before.is_some()
    }

    /// Forgets what there was: the next span does not follow the one before.
    pub fn leap(&mut self) {
        self.before = None;
    }

    /// What it has recorded so far.
    pub fn recorded(&self) -> &Recorded {
        &self.recorded
    }

    /// Takes what the expression gives at `instants`, and gives what is to be written. Instants before `from` only tell what there
    /// was.
    ///
    /// # Errors
    /// Labels that form no set.
    pub fn record(
        &mut self,
        instants: Instants,
        found: Vec<Series>,
        from: TimestampMs,
    ) -> Result<Vec<Series>, String> {
        let mut span = Span::new(instants);
        let renamed = self.renamed(found, &mut span)?;
        span.refuse_more_than(self.limit);
        self.note_refused(&span, from);
        let before = self.before.take().unwrap_or_default();
        let mut now = HashSet::new();
        let gone: Vec<_> = before
            .iter()
            .filter(|l| !renamed.contains_key(*l))
            .cloned()
            .collect();
        let mut out = Vec::with_capacity(renamed.len());
        let mut buffer = Vec::new();
        for mut series in renamed.into_values() {
            span.keep_good(&mut series);
            let was = before.contains(&series.labels);
            let ends = span.ends(&series, was, &mut buffer);
            if span.is_at_end(&series) {
                now.insert(series.labels.clone());
            }
            out.extend(self.given(series, &ends, from));
        }
        let first = span.first_good();
        for labels in gone {
            out.extend(first.and_then(|first| self.given(nothing(labels), &[first], from)));
        }
        self.before = Some(if first.is_some() { now } else { before });
        Ok(out)
    }

    /// The series under their recorded labels. Where two of them have the same, instants at which both have a sample are refused.
    fn renamed(
        &self,
        found: Vec<Series>,
        span: &mut Span,
    ) -> Result<HashMap<Labels, Series>, String> {
        let mut renamed: HashMap<Labels, Series> = HashMap::with_capacity(found.len());
        for mut series in found {
            span.count(&series);
            let labels = recorded_labels(&self.rule, series.labels.as_ref());
            series.labels = labels.map_err(|e| e.to_string())?;
            match renamed.get_mut(&series.labels) {
                Some(other) => span.unite(other, series),
                None => {
                    renamed.insert(series.labels.clone(), series);
                }
            }
        }
        Ok(renamed)
    }

    fn note_refused(&mut self, span: &Span, from: TimestampMs) {
        for (t, message) in span.refused().filter(|(t, _)| *t >= from) {
            let refused = self.recorded.refused.get_or_insert_with(|| Refused {
                message: message.to_owned(),
                first: t,
                last: t,
                instants: 0,
            });
            refused.last = t;
            refused.instants += 1;
        }
    }

    /// What is written of a series: nothing before `from`, its ends in their places.
    fn given(
        &mut self,
        mut series: Series,
        ends: &[TimestampMs],
        from: TimestampMs,
    ) -> Option<Series> {
        let early = series.timestamps.partition_point(|t| *t < from);
        series.timestamps.drain(..early);
        series.values.drain(..early);
        series.histograms.retain(|(t, _)| *t >= from);
        if !series.is_empty() {
            self.recorded.ids.insert(series.labels.as_ref().id());
        }
        self.recorded.samples += series.len() as u64;
        let ends = ends.iter().copied().filter(|t| *t >= from);
        for t in ends {
            let at = series.timestamps.partition_point(|own| *own < t);
            series.timestamps.insert(at, t);
            series.values.insert(at, stale_nan());
            self.recorded.ends += 1;
        }
        (!series.is_empty()).then_some(series)
    }
}

fn nothing(labels: Labels) -> Series {
    Series {
        labels,
        timestamps: Vec::new(),
        values: Vec::new(),
        histograms: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
