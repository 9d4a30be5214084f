//! What a report is asked for, besides what specs say.

use std::str::FromStr;

use narthex_model::{Error, Result};

use crate::budget::Book;
use crate::ledger::Track;
use crate::spec::{Slo, Window};

/// What a report is asked for, besides what specs say.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Windows in place of those of the specs, if there are any.
    pub windows: Vec<Window>,
    /// Labels by which groups are told apart, of those that SLOs are grouped by; `None`: by all of them.
    pub group_by: Option<Vec<String>>,
    /// Whether exclusions hold.
    pub exclusions: Exclusions,
    /// Whether other methods of counting are told of beside the promised one.
    pub compare_methods: bool,
    /// The IANA name of the zone of days and hours, and of months where an SLO has no calendar window.
    pub zone: String,
    /// How many calendar periods to look back, the one that is not over included.
    pub periods: usize,
}

/// Whether exclusions hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exclusions {
    /// They do.
    #[default]
    On,
    /// They do not: all time counts.
    Off,
    /// They do, and what would be without them stands beside it.
    Both,
}

impl Asked {
    /// What specs say, as seen from this zone, with so many periods to look back.
    pub fn plain(zone: &str, periods: usize) -> Self {
        Self {
            windows: Vec::new(),
            group_by: None,
            exclusions: Exclusions::On,
            compare_methods: false,
            zone: zone.to_owned(),
            periods,
        }
    }

    /// An SLO with the windows and exclusions that are asked for.
    #[must_use]
    pub fn slo(&self, slo: &Slo) -> Slo {
        let mut slo = slo.clone();
        if !self.windows.is_empty() {
            slo.windows.clone_from(&self.windows);
        }
        if self.exclusions == Exclusions::Off {
            slo.exclusions.clear();
        }
        slo
    }

    /// The book of such an SLO, with the groups that are asked for.
    ///
    /// # Errors
    /// If an exclusion cannot be understood.
    pub fn book(&self, slo: &Slo, tracks: &[Track]) -> Result<Book> {
        match &self.group_by {
            None => Book::open(slo, tracks),
            Some(labels) => Book::open_by(slo, tracks, labels),
        }
    }

    /// Whether these SLOs can be told of so.
    ///
    /// # Errors
    /// If none of them is grouped by a label that groups shall be told apart by.
    pub fn check<'a>(&self, slos: impl Iterator<Item = &'a Slo>) -> Result<()> {
        let mut known: Vec<&str> = slos
            .flat_map(|slo| slo.group_by.iter().map(String::as_str))
            .collect();
        known.sort_unstable();
        known.dedup();
        let mut labels = self.group_by.iter().flatten();
        match labels.find(|label| !known.contains(&label.as_str())) {
            None => Ok(()),
            Some(label) if known.is_empty() => Err(Error::invalid(format!(
                "group by {label:?}: these SLOs are not grouped; their specs say by group_by which labels are kept apart"
            ))),
            Some(label) => Err(Error::invalid(format!(
                "group by {label:?}: no SLO is grouped by it, expected {}",
                known.join(", ")
            ))),
        }
    }
}

impl Exclusions {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::On, Self::Off, Self::Both];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Both => "both",
        }
    }
}

impl FromStr for Exclusions {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|one| one.name() == text);
        named.ok_or_else(|| Error::invalid("expected on, off or both"))
    }
}
