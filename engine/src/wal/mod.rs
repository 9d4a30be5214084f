//! The write-ahead log: what is acknowledged lies here until it is in a block. Byte by byte: docs/format/wal.md.

mod record;
mod replay;
mod segment;
mod writer;

pub(crate) use record::Samples;
pub(crate) use replay::{Replayer, TailPolicy};
pub(crate) use segment::{SegmentFile, check_segment, list_segments};
pub(crate) use writer::{ClosedSegment, WalOptions, WalWriter};
