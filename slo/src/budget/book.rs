//! All of an SLO, ready to be asked: the groups, and all together.

use narthex_model::{Labels, Result, TimeRange, TimestampMs};

use super::{Meter, aggregate, assess, compare_methods, composite_slices, worst_groups};
use crate::count::Slices;
use crate::ledger::{Spans, Track};
use crate::outcome::{Attainments, GroupRow, Outcome};
use crate::spec::{Budgeting, Slo, Window};
use crate::time::excluded;

/// An SLO and its slices, ready to be asked.
#[derive(Debug, Clone)]
pub struct Book {
    slo: Slo,
    all: Meter,
    groups: Vec<(Labels, Meter)>,
    /// Those of all groups together; `None` for a composite by occurrences, which has none of its own.
    slices: Option<Slices>,
    excluded: Spans,
}

impl Book {
    /// The book of an SLO with the tracks of its ledger, of which there may be none.
    ///
    /// # Errors
    /// If an exclusion cannot be understood.
    pub fn open(slo: &Slo, tracks: &[Track]) -> Result<Self> {
        let slices = aggregate(tracks).unwrap_or_else(|| nothing(slo));
        let excluded = excluded(&slo.exclusions, slices.grid.range())?;
        let meter = |slices: &Slices| Meter::new(slices, slo.objective, &slo.missing, &excluded);
        let groups = tracks
            .iter()
            .filter(|track| track.group.iter().next().is_some());
        Ok(Self {
            all: meter(&slices),
            groups: groups
                .map(|t| (t.group.clone(), meter(&t.slices)))
                .collect(),
            slo: slo.clone(),
            slices: Some(slices),
            excluded,
        })
    }

    /// The book of a composite, of those of its parts with their weights. Exclusions of a part hold for that part where its
    /// occurrences count; those of the composite hold where stretches do.
    ///
    /// # Errors
    /// If an exclusion cannot be understood.
    pub fn composite(slo: &Slo, parts: &[(&Self, f64)]) -> Result<Self> {
        if slo.objective.budgeting == Budgeting::Occurrences {
            let meters = parts
                .iter()
                .map(|(book, weight)| (book.all.clone(), *weight));
            return Ok(Self {
                slo: slo.clone(),
                all: Meter::weighted(meters.collect(), slo.objective),
                groups: Vec::new(),
                slices: None,
                excluded: Spans::default(),
            });
        }
        let slices: Vec<_> = parts
            .iter()
            .filter_map(|(book, weight)| Some((book.slices.as_ref()?, *weight)))
            .collect();
        let track = composite_slices(&slices, &slo.objective).map(|slices| Track {
            group: Labels::empty(),
            slices,
        });
        Self::open(slo, track.as_slice())
    }

    /// The SLO.
    pub fn slo(&self) -> &Slo {
        &self.slo
    }

    /// All groups together.
    pub fn all(&self) -> &Meter {
        &self.all
    }

    /// Each group; none of an SLO that is not grouped.
    pub fn groups(&self) -> &[(Labels, Meter)] {
        &self.groups
    }

    /// The time that is taken out.
    pub fn excluded(&self) -> &Spans {
        &self.excluded
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

    /// The groups that spent the most in `span`, at most `n`.
    pub fn worst_groups(&self, span: TimeRange, n: usize) -> Vec<GroupRow> {
        worst_groups(&self.groups, span, n)
    }

    /// What was attained in `span` by each method; `None` for a composite by occurrences.
    pub fn compare_methods(&self, span: TimeRange) -> Option<Attainments> {
        let Slo {
            objective, missing, ..
        } = &self.slo;
        let slices = self.slices.as_ref()?;
        Some(compare_methods(
            slices,
            *objective,
            missing,
            &self.excluded,
            span,
        ))
    }
}

/// Slices of which nothing is known.
fn nothing(slo: &Slo) -> Slices {
    use crate::count::{Grid, Method};
    let grid = Grid::over(TimeRange::new(0, 0), slo.slice_ms);
    Slices::empty(grid, Method::Counters)
}
