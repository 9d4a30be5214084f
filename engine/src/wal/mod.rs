//! The write-ahead log: what is acknowledged lies here until it is in a block. Byte by byte: docs/format/wal.md.

mod columns;
mod condense;
mod contents;
mod extra_records;
pub(crate) mod fuzz;
mod histogram_record;
mod lz4;
mod read_ahead;
mod record;
mod replay;
mod runs_record;
mod segment;
mod writer;

pub(crate) use condense::{CONDENSED_TMP, condense};
pub use contents::SegmentContents;
pub(crate) use extra_records::ExemplarEntry;
pub(crate) use histogram_record::HistogramEntry;
pub(crate) use record::Samples;
pub(crate) use replay::{Replayed, Replayer, TailPolicy};
pub(crate) use segment::{
    Lost, SegmentFile, check_segment, empty_segment, find_damage, list_segments, lost_after,
};
pub(crate) use writer::{ClosedSegment, WalOptions, WalWriter};
