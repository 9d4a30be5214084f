//! The ledger: what was counted in each slice of time, kept beside the blocks.
//!
//! A [`Ledger`] is a folder for one SLO and one generation of it: Parquet files with the slices of all groups, whose spans of time do not
//! overlap, and `ledger.json`, which names them and changes in one step ([the format](../../../docs/format/ledger.md)).
//! It knows up to when it is whole ([`Ledger::watermark`]) and which spans should be counted again ([`Ledger::dirty`]).
//! Everything in it can be counted again from samples as long as those are kept; so a damaged file is put aside, told of, and
//! its span is dirty.
//!
//! Sums over any window are differences of [`Prefix`] sums.

mod files;
mod manifest;
mod part;
mod prefix;
mod rows;
mod seen;
mod spans;
mod store;
#[cfg(test)]
mod tests;
mod track;

pub use files::{Disk, Files};
pub use part::group_of_json;
pub use prefix::Prefix;
pub use rows::{Rows, Wanted, WantsGroup};
pub use spans::Spans;
pub use store::{Damage, Ledger, Loaded};
pub use track::{Layer, Track, overlay};
