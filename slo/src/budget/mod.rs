//! What came of a promise: from slices to the numbers of a report.
//!
//! A [`Book`] is all of an SLO, ready to be asked, and [`OpenBooks`] makes those of composites of those of their parts; a [`Meter`] answers for any window; [`assess`] makes an [`Outcome`](crate::outcome::Outcome) of it; the others what is drawn
//! beside it. How all of it is defined is told in [docs/slo/semantics.md](../../../docs/slo/semantics.md).

mod aggregate;
mod assess;
mod book;
mod burn_down;
mod compare;
mod composite;
mod forecast;
mod heat_map;
mod incidents;
mod meter;
mod open;
mod pace;
mod spenders;
mod stretches;
mod sums;
#[cfg(test)]
mod tests;

pub use aggregate::{aggregate, rolled_up};
pub use assess::assess;
pub use book::Book;
pub use burn_down::burn_down;
pub use compare::Otherwise;
pub use heat_map::heat_map;
pub use incidents::{IncidentRule, incidents};
pub use meter::{Meter, View};
pub use open::{OpenBook, OpenBooks};
pub(crate) use pace::PACE_MS;
