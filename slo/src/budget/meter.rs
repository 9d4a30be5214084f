//! What was good and bad in any window: an SLO, or one group of it, ready to be asked.

use std::sync::Arc;

use narthex_model::{TimeRange, TimestampMs};

use super::sums::Sums;
use crate::count::Slices;
use crate::ledger::Spans;
use crate::outcome::{Budget, Counts, Unit};
use crate::spec::{Missing, Objective};

/// An SLO, or one group of it, ready to be asked of any window.
///
/// Everything that is applied when slices are read goes in here: target, method, exclusions, what absent data mean. A question
/// costs a few differences of prefix sums.
#[derive(Debug, Clone)]
pub struct Meter {
    objective: Objective,
    slice_ms: i64,
    known: TimeRange,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Own {
        raw: Arc<Sums>,
        adjusted: Option<Arc<Sums>>,
    },
    /// Meters and their weights, whose burn rates are added.
    Weighted(Vec<(Meter, f64)>),
}

/// Which slices count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// All.
    Raw,
    /// Those that no exclusion touches.
    Adjusted,
}

impl Meter {
    /// The meter of a group's slices.
    pub fn new(slices: &Slices, objective: Objective, missing: &Missing, excluded: &Spans) -> Self {
        let sums = |out: &Spans| Sums::new(slices, out, &objective, missing);
        let is_touched = excluded.overlaps(slices.grid.range());
        let adjusted = is_touched.then(|| sums(excluded));
        Self::own(objective, sums(&Spans::default()), adjusted)
    }

    /// The meter of sums, and of those without what is excluded.
    pub(super) fn own(objective: Objective, raw: Sums, adjusted: Option<Sums>) -> Self {
        let grid = raw.grid();
        Self {
            objective,
            slice_ms: grid.step,
            known: grid.range(),
            kind: Kind::Own {
                raw: Arc::new(raw),
                adjusted: adjusted.map(Arc::new),
            },
        }
    }

    /// The meter of a composite by occurrences: its burn rate is the sum of its parts' burn rates, each by its own target, times
    /// their weights.
    pub(super) fn weighted(parts: Vec<(Self, f64)>, objective: Objective) -> Self {
        let known = parts.iter().map(|(part, _)| part.known);
        let known = known.filter(|known| !known.is_empty());
        Self {
            objective,
            slice_ms: parts
                .iter()
                .map(|(part, _)| part.slice_ms)
                .max()
                .unwrap_or(1),
            known: known
                .reduce(|a, b| a.union(&b))
                .unwrap_or(TimeRange::new(0, 0)),
            kind: Kind::Weighted(parts),
        }
    }

    /// The same as if nothing had been excluded; `None` if nothing was.
    pub fn without_exclusions(&self) -> Option<Self> {
        self.has_exclusions().then(|| self.raw())
    }

    fn raw(&self) -> Self {
        let kind = match &self.kind {
            Kind::Own { raw, .. } => Kind::Own {
                raw: raw.clone(),
                adjusted: None,
            },
            Kind::Weighted(parts) => {
                let raw = parts.iter().map(|(part, weight)| (part.raw(), *weight));
                Kind::Weighted(raw.collect())
            }
        };
        Self { kind, ..*self }
    }

    /// Whether anything was excluded.
    pub(super) fn has_exclusions(&self) -> bool {
        match &self.kind {
            Kind::Own { adjusted, .. } => adjusted.is_some(),
            Kind::Weighted(parts) => parts.iter().any(|(part, _)| part.has_exclusions()),
        }
    }

    /// What is promised.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// The time of its slices.
    pub fn known(&self) -> TimeRange {
        self.known
    }

    /// How long a slice is, in milliseconds.
    pub fn slice_ms(&self) -> i64 {
        self.slice_ms
    }

    /// The last while before `at`, but no less than a stretch, of a composite the longest of its parts: of a part of one nothing can be said.
    pub fn last(&self, at: TimestampMs, ms: i64) -> TimeRange {
        TimeRange::new(at.saturating_sub(ms.max(self.judged_ms())), at)
    }

    /// The shortest time of which something can always be said, in milliseconds: a slice, or a stretch, of a composite the longest of
    /// its parts.
    pub(crate) fn judged_ms(&self) -> i64 {
        match &self.kind {
            Kind::Own { .. } => self.stretch_ms().unwrap_or(0).max(self.slice_ms),
            Kind::Weighted(parts) => {
                let each = parts.iter().map(|(part, _)| part.judged_ms());
                each.max().unwrap_or(self.slice_ms)
            }
        }
    }

    /// What was counted in the slices of `span`: from the one that its start lies in, up to the one that its end lies in, without it.
    pub fn counts(&self, span: TimeRange, view: View) -> Counts {
        match &self.kind {
            Kind::Own { .. } => self
                .sums(view)
                .map_or_else(Counts::default, |s| s.counts(span)),
            Kind::Weighted(_) => {
                let (bad, total) = self.errors(span, view);
                let good = total - bad;
                Counts {
                    good,
                    total,
                    bad,
                    good_low: good,
                    good_high: good,
                    observed_ms: self.observed_ms(span, view),
                    slices: 0.0,
                    good_slices: 0.0,
                }
            }
        }
    }

    /// What was bad in `span`, and of how much: events, or stretches of time.
    #[inline]
    pub fn errors(&self, span: TimeRange, view: View) -> (f64, f64) {
        match &self.kind {
            Kind::Own { .. } => self.sums(view).map_or((0.0, 0.0), |s| s.errors(span)),
            Kind::Weighted(parts) => {
                let (mut burn, mut all) = (0.0, 0.0);
                for (part, weight) in parts {
                    burn += part.burn_rate(span, view).unwrap_or(0.0) * weight;
                    all += part.errors(span, view).1;
                }
                (burn * (1.0 - self.objective.target) * all, all)
            }
        }
    }

    /// The fraction of the time in `span` that was observed; 1 if there was none to observe. Of a composite, that of the part of which the
    /// least was observed.
    pub fn coverage(&self, span: TimeRange, view: View) -> f64 {
        self.least(view, &|sums| sums.observed(span))
    }

    /// The fraction of the time in `span` that something can be said of: what was observed, and where absent data are good or bad, what
    /// was not as well.
    pub fn judged(&self, span: TimeRange, view: View) -> f64 {
        self.least(view, &|sums| sums.judged(span))
    }

    /// The fraction of the time in `span` that no exclusion takes out, of a composite the least of all parts.
    pub(super) fn kept(&self, span: TimeRange) -> f64 {
        self.least(View::Adjusted, &|sums| sums.kept(span))
    }

    /// What it is made of, if it is a composite by occurrences.
    pub(super) fn parts(&self) -> Option<&[(Self, f64)]> {
        match &self.kind {
            Kind::Own { .. } => None,
            Kind::Weighted(parts) => Some(parts),
        }
    }

    /// The fraction that was good; `None`: nothing counted.
    pub fn attained(&self, span: TimeRange, view: View) -> Option<f64> {
        let (bad, all) = self.errors(span, view);
        (all > 0.0).then(|| 1.0 - bad / all)
    }

    /// How many times faster than allowed the budget burnt; `None`: nothing counted.
    #[inline]
    pub fn burn_rate(&self, span: TimeRange, view: View) -> Option<f64> {
        let (bad, all) = self.errors(span, view);
        (all > 0.0).then(|| bad / all / (1.0 - self.objective.target))
    }

    /// The budget of `span` over what was counted in it.
    pub fn budget(&self, span: TimeRange, view: View) -> Budget {
        let (bad, all) = self.errors(span, view);
        self.budget_of(bad, all)
    }

    /// The budget where `bad` of `all` events or stretches were bad.
    pub(super) fn budget_of(&self, bad: f64, all: f64) -> Budget {
        let (unit, size) = match self.stretch_ms() {
            None => (Unit::Events, 1.0),
            Some(ms) => (Unit::Minutes, ms as f64 / 60_000.0),
        };
        Budget {
            unit,
            // In this order, 99.9 % of 1000 leaves exactly 1.
            allowed: (all - self.objective.target * all) * size,
            spent: bad * size,
        }
    }

    /// How long a stretch is, in milliseconds; `None` with occurrences.
    pub(super) fn stretch_ms(&self) -> Option<i64> {
        self.objective.budgeting.stretch_ms()
    }

    fn sums(&self, view: View) -> Option<&Sums> {
        match &self.kind {
            Kind::Own { raw, adjusted } => Some(match adjusted {
                Some(adjusted) if view == View::Adjusted => adjusted,
                _ => raw,
            }),
            Kind::Weighted(_) => None,
        }
    }

    /// A part of a whole as a fraction, the least of all parts.
    fn least(&self, view: View, of: &dyn Fn(&Sums) -> (f64, f64)) -> f64 {
        match &self.kind {
            Kind::Own { .. } => match self.sums(view).map(of) {
                Some((part, all)) if all > 0.0 => (part / all).min(1.0),
                _ => 1.0,
            },
            Kind::Weighted(parts) => {
                let each = parts.iter().map(|(part, _)| part.least(view, of));
                each.fold(1.0, f64::min)
            }
        }
    }

    fn observed_ms(&self, span: TimeRange, view: View) -> f64 {
        match &self.kind {
            Kind::Own { .. } => self.sums(view).map_or(0.0, |sums| sums.observed(span).0),
            Kind::Weighted(parts) => {
                let each = parts.iter().map(|(part, _)| part.observed_ms(span, view));
                each.reduce(f64::min).unwrap_or(0.0)
            }
        }
    }
}
