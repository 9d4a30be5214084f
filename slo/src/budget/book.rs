//! All of an SLO, ready to be asked: the groups, and all together.

use std::sync::Arc;

use narthex_model::{Labels, Result, TimeRange, TimestampMs};

use super::compare::{Otherwise, otherwise};
use super::composite::{self, Source};
use super::spenders::spenders;
use super::{Meter, aggregate, assess, rolled_up};
use crate::count::Slices;
use crate::ledger::{Spans, Track};
use crate::outcome::{Outcome, Spender};
use crate::spec::{Slo, Window};
use crate::time::excluded;

/// An SLO and its slices, ready to be asked.
#[derive(Debug, Clone)]
pub struct Book {
    slo: Slo,
    all: Meter,
    groups: Vec<(Labels, Meter)>,
    /// What has none of the labels by which groups are told apart.
    rest: Option<Meter>,
    /// The labels by which those are told apart.
    by: Vec<String>,
    /// What the numbers of all groups together are made of.
    source: Source,
    excluded: Spans,
}

impl Book {
    /// The book of an SLO with the tracks of its ledger, of which there may be none.
    ///
    /// # Errors
    /// If an exclusion cannot be understood.
    pub fn open(slo: &Slo, tracks: &[Track]) -> Result<Self> {
        Self::of(slo, tracks, slo.group_by.clone())
    }

    /// The same, with groups told apart by some of the SLO's labels alone: those of these that it has.
    ///
    /// # Errors
    /// If an exclusion cannot be understood.
    pub fn open_by(slo: &Slo, tracks: &[Track], labels: &[String]) -> Result<Self> {
        let by = slo.group_by.iter().filter(|label| labels.contains(label));
        let by: Vec<String> = by.cloned().collect();
        Self::of(slo, &rolled_up(tracks, &by), by)
    }

    fn of(slo: &Slo, tracks: &[Track], by: Vec<String>) -> Result<Self> {
        let slices = aggregate(tracks).unwrap_or_else(|| nothing(slo));
        let excluded = excluded(&slo.exclusions, slices.grid.range())?;
        let meter = |slices: &Slices| Meter::new(slices, slo.objective, &slo.missing, &excluded);
        let (rest, groups): (Vec<&Track>, Vec<&Track>) =
            tracks.iter().partition(|t| t.group.as_ref().is_empty());
        Ok(Self {
            all: meter(&slices),
            groups: groups
                .iter()
                .map(|t| (t.group.clone(), meter(&t.slices)))
                .collect(),
            rest: match by.is_empty() {
                true => None,
                false => rest.first().map(|t| meter(&t.slices)),
            },
            by,
            slo: slo.clone(),
            source: Source::Slices(Box::new(slices)),
            excluded,
        })
    }

    /// The book of a composite, of those of its parts with their weights.
    ///
    /// # Errors
    /// If an exclusion cannot be understood.
    pub fn composite(slo: &Slo, parts: &[(Arc<Self>, f64)]) -> Result<Self> {
        let (source, excluded) = composite::source(slo, parts)?;
        Ok(Self {
            slo: slo.clone(),
            all: source.meter(slo, &excluded),
            groups: Vec::new(),
            rest: None,
            by: Vec::new(),
            source,
            excluded,
        })
    }

    /// All groups together, where this is excluded as well.
    pub(super) fn without(&self, more: &Spans) -> Meter {
        let excluded: Spans = self.excluded.iter().chain(more.iter()).collect();
        if excluded == self.excluded {
            return self.all.clone();
        }
        self.source.meter(&self.slo, &excluded)
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The SLO.
    pub fn slo(&self) -> &Slo {
        &self.slo
    }

    /// All groups together.
    pub fn all(&self) -> &Meter {
        &self.all
    }

    /// Each group; none of an SLO that is not grouped. What has none of the labels is in the whole alone.
    pub fn groups(&self) -> &[(Labels, Meter)] {
        &self.groups
    }

    /// The labels by which groups are told apart.
    pub fn group_by(&self) -> &[String] {
        &self.by
    }

    /// What came of it in a window that is looked at at `at`: all together first, then each group.
    ///
    /// # Errors
    /// If the window's zone is not known.
    pub fn outcomes(&self, window: &Window, at: TimestampMs) -> Result<Vec<Outcome>> {
        let all = Labels::empty();
        let meters = std::iter::once((&all, &self.all));
        let groups = self.groups.iter().map(|(group, meter)| (group, meter));
        let outcome = |(group, meter)| assess(&self.slo, group, meter, window, at);
        meters.chain(groups).map(outcome).collect()
    }

    /// What the values of the groups' labels spent in `span`, label by label, those with the most bad events first.
    pub fn spenders(&self, span: TimeRange) -> Vec<Spender> {
        let none = Labels::empty();
        let rest = self.rest.iter().map(|meter| (&none, meter));
        let groups = self.groups.iter().map(|(group, meter)| (group, meter));
        spenders(groups.chain(rest), &self.by, span)
    }

    /// All groups together by the methods that were not promised; none for a composite, whose parts may be compared.
    pub fn otherwise(&self) -> Vec<Otherwise> {
        match &self.source {
            Source::Slices(slices) => otherwise(&self.slo, slices, &self.excluded),
            Source::Stretches(..) | Source::Parts(_) => Vec::new(),
        }
    }
}

/// Slices of which nothing is known.
fn nothing(slo: &Slo) -> Slices {
    use crate::count::{Grid, Method};
    let grid = Grid::over(TimeRange::new(0, 0), slo.slice_ms);
    Slices::empty(grid, Method::Counters)
}
