//! Blocks: immutable folders of Parquet files that hold the samples of a span of time.
//!
//! A block is the folder `<ulid>` with `series.parquet` (a row per series), `samples.parquet` (a row per sample, sorted
//! by series, then time), `histograms.parquet`, `exemplars.parquet` and `metadata.parquet` if there is anything to put there,
//! and `meta.json`. It becomes visible by one rename and never changes afterwards. The format is
//! drawn column by column in `docs/format/block.md`; any Parquet reader can use it.

mod chunks;
mod copy;
pub(crate) mod decimal;
mod delta;
mod delta_decoder;
mod estimate;
mod exemplars_file;
mod files;
mod folder;
pub(crate) mod fuzz;
mod histograms_reader;
mod histograms_writer;
#[cfg(test)]
mod kinds_tests;
mod levels;
mod meta;
mod metadata_file;
mod page_header;
mod page_reader;
mod pages;
mod parquet_io;
mod read;
mod rows;
mod samples_reader;
mod samples_writer;
mod schema;
mod series_file;
mod series_rows;
mod starts;
#[cfg(test)]
mod starts_tests;
mod table_file;
#[cfg(test)]
mod tests;
mod timelines;
mod times;
mod verify;
mod workers;
mod write;

pub(crate) use copy::copy_block;
pub(crate) use estimate::PageCounts;
pub use estimate::Wanted;
pub use folder::{BlockFile, BlockFolder, BlockStore, LocalFolder};
pub use histograms_reader::DecodedHistograms;
pub use meta::{BlockMeta, BlockSource, FileMeta, Span};
pub use read::{Block, DecodedSamples};
pub use series_rows::{HistogramSpan, SeriesRow};
pub(crate) use verify::check_block_bytes;
pub use verify::{FileCheck, verify_block, verify_block_in};
pub(crate) use workers::Workers;
pub use write::{BlockWriter, SeriesSamples};
pub(crate) use write::{remove_block, remove_leftovers};
