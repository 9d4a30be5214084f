//! What is told of promises: one [`Report`], and its writers.
//!
//! [`Measured`] asks a book for what is said of an SLO, as it was [`Asked`]; whoever makes a report adds the rest. Nothing here reads a clock or asks anybody else. Every
//! [`Format`] says the same: [`html`] for people, [`markdown`] for a ticket, [`table`] for the terminal, [`csv`], [`parquet`] and [`json`]
//! for programs, [`openmetrics`] for a scraper. [`FailOn`] judges a report for a pipeline.

mod asked;
mod columns;
pub mod csv;
mod fail_on;
mod footnotes;
mod format;
pub mod html;
pub mod json;
pub mod markdown;
mod measured;
pub mod numbers;
pub mod openmetrics;
mod order;
pub mod parquet;
mod parts;
mod row;
mod sentences;
mod standing;
mod svg;
pub mod table;
pub mod times;

pub use asked::{Asked, Exclusions};
pub use fail_on::{FailOn, Failure};
pub use format::Format;
pub use measured::Measured;
pub(crate) use parts::whole;
pub use parts::{BurnRate, Compared, Drawn};
pub use row::{Row, group, rows};
pub use standing::{InWindow, Standing};

use jiff::tz::TimeZone;
use narthex_model::{TimeRange, TimestampMs};

use crate::outcome::{HeatMap, Incident, Outcome, Spender, State};
use crate::spec::Slo;

/// What came of all promises at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The headline.
    pub title: String,
    /// When it was made.
    pub made_at: TimestampMs,
    /// The instant it tells of: where rolling windows end.
    pub at: TimestampMs,
    /// The zone in which people read its times.
    pub zone: TimeZone,
    /// Program and version: `narthex 0.1.0`.
    pub engine: String,
    /// The time of which there are data; `None`: there are none.
    pub data: Option<TimeRange>,
    /// The promises, in any order.
    pub slos: Vec<SloReport>,
    /// Sentences about all of it that whoever made it adds.
    pub notes: Vec<String>,
}

/// What came of one promise.
#[derive(Debug, Clone, PartialEq)]
pub struct SloReport {
    /// What was promised.
    pub slo: Slo,
    /// The generation of the ledger: the hash of what gives a slice its meaning.
    pub generation: String,
    /// The time of which its slices have data; `None`: nothing was ever seen.
    pub data: Option<TimeRange>,
    /// Windows × groups; those of all groups together stand first, in the order of the spec's windows.
    pub outcomes: Vec<Outcome>,
    /// The labels by which groups are told apart.
    pub grouped_by: Vec<String>,
    /// What the values of these labels spent of the budget of the first window, label by label, those that spent most first.
    pub spenders: Vec<Spender>,
    /// All groups together, counted by other methods; may be empty.
    pub compared: Vec<Compared>,
    /// All groups together, as if nothing had been excluded; may be empty.
    pub without_exclusions: Vec<Outcome>,
    /// How fast the budget burns at [`Report::at`], over pairs of windows; may be empty.
    pub burn_rates: Vec<BurnRate>,
    /// How budgets went down, window by window; those that are left out are not drawn.
    pub burn_downs: Vec<Drawn>,
    /// In which hours that of the first window was spent, on the clocks of [`Report::zone`].
    pub heat_map: Option<HeatMap>,
    /// The last calendar periods, oldest first, the one that is not over last.
    pub history: Vec<Outcome>,
    /// When that of the first window was spent, in any order.
    pub incidents: Vec<Incident>,
    /// Sentences that whoever made the report adds.
    pub notes: Vec<String>,
}

impl Report {
    /// As HTML, CSV and the others show them: the worst first.
    pub fn worst_first(&self) -> Vec<&SloReport> {
        let mut slos: Vec<&SloReport> = self.slos.iter().collect();
        slos.sort_by(|a, b| order::worse(a, b));
        slos
    }
}

impl SloReport {
    /// Of all groups together, window by window.
    pub fn totals(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|o| o.group.as_ref().is_empty())
    }

    /// The groups in one window, those that spent most first.
    pub fn groups(&self, window: &crate::spec::Window) -> Vec<&Outcome> {
        let apart = self
            .outcomes
            .iter()
            .filter(|o| !o.group.as_ref().is_empty());
        let mut groups: Vec<&Outcome> = apart.filter(|o| o.window == *window).collect();
        groups.sort_by(|a, b| order::spent_more(a, b));
        groups
    }

    /// Its first window, the one that is looked at first.
    pub fn main(&self) -> Option<&Outcome> {
        self.totals().next()
    }

    /// What the values of this label spent, those that spent most first.
    pub fn spenders_by<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a Spender> {
        self.spenders.iter().filter(move |s| s.label == label)
    }

    /// The fraction of the whole budget of the first window that the groups with this value spent: of what was spent, their share of
    /// the bad events. `None`: nothing may be bad.
    pub fn cost(&self, spender: &Spender) -> Option<f64> {
        let left = whole(self.main()?).remaining()?;
        Some((1.0 - left) * spender.bad_share)
    }

    /// The worst state of its windows; unknown if there is none.
    pub fn state(&self) -> State {
        let states = self.totals().map(|o| o.state);
        states
            .max_by_key(|state| order::severity(*state))
            .unwrap_or(State::Unknown)
    }
}
