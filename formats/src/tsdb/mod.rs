//! Prometheus' own files: blocks (`index`, `chunks/*`, `tombstones`, `meta.json`) and write-ahead logs.
//!
//! ```text
//! block/meta.json      what the block is: [`BlockMeta`]
//! block/index          [`Toc`] at its end, [`Symbols`], one [`SeriesEntry`] after the other, sorted by labels
//! block/chunks/000001  chunks, named by [`ChunkMeta`]: [`chunk_at`] finds one, [`decode_floats`] or [`decode_histograms`] reads it
//! block/tombstones     what was deleted but is still in the chunks: [`read_tombstones`]
//! wal/*, wbl/*         pages: [`WalPages`] puts records together, [`read_wal_record`] reads them
//! ```
//!
//! Numbers are big endian, checksums CRC-32C. Every checksum is compared; whatever contradicts the format is an error that
//! names the byte offset. Errors do not name the file: the caller, who has opened it, adds that.

mod bits;
mod bytes;
mod chunk;
#[cfg(test)]
mod folder_tests;
mod histogram;
mod index;
mod meta;
mod series;
mod symbols;
#[cfg(test)]
mod tests;
mod tombstones;
mod wal_pages;
mod wal_record;
mod xor;

pub use chunk::{
    CHUNK_FILE_HEADER_BYTES, Chunk, Encoding, check_chunk_file, chunk_at, chunk_bytes,
};
pub use histogram::decode_histograms;
pub use index::Toc;
pub use meta::{BlockMeta, BlockStats};
pub use series::{ChunkMeta, SeriesEntry};
pub use symbols::Symbols;
pub use tombstones::{Tombstone, read_tombstones};
pub use wal_pages::{WAL_PAGE_BYTES, WalPages};
pub use wal_record::{WalExemplar, WalSink, read_wal_record};
pub use xor::decode_floats;

/// What begins an entry at most: a length as varint.
pub const LENGTH_BYTES_MAX: usize = 10;
