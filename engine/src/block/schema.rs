//! Names, types and encodings of the columns of `samples.parquet`, and what both files say of themselves.

use std::sync::Arc;

use narthex_model::{Error, Result};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

use super::meta;

/// Name of the file with a row per series.
pub(super) const SERIES_FILE: &str = "series.parquet";
/// Name of the file with a row per sample.
pub(super) const SAMPLES_FILE: &str = "samples.parquet";

/// Name of the file with a row per native histogram.
pub(super) const HISTOGRAMS_FILE: &str = "histograms.parquet";

/// Name of the file with a row per exemplar.
pub(super) const EXEMPLARS_FILE: &str = "exemplars.parquet";
/// Name of the file with what metrics say of themselves.
pub(super) const METADATA_FILE: &str = "metadata.parquet";
/// The files that a block has only if there is anything to put there.
pub(super) const OPTIONAL_FILES: [&str; 3] = [HISTOGRAMS_FILE, EXEMPLARS_FILE, METADATA_FILE];

/// Samples between two entries of a series' time index.
pub(super) const TIME_INDEX_STEP: usize = 256;

/// Where `samples.parquet` is cut. Every number is at least 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// A row group ends before the series that would make it larger.
    pub(super) rows_per_group: usize,
    /// A page of values ends before the series that would make it larger; a longer series has several. Scattered reads
    /// decode whole pages.
    pub(super) rows_per_page: usize,
    /// A page of times ends once it is larger, before the next series with other times than the one before. Where series
    /// repeat each other's times or values, zstd finds that inside of a page only.
    pub(super) rows_per_times_page: usize,
    /// Whether there is a column of start timestamps.
    pub(super) start_timestamps: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            rows_per_group: 1 << 20,
            rows_per_page: 8192,
            rows_per_times_page: 1 << 16,
            start_timestamps: false,
        }
    }
}

/// The columns of `samples.parquet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SampleColumn {
    /// Ordinal of the series: its row in `series.parquet`.
    Series,
    /// Milliseconds since the epoch.
    Timestamp,
    /// The value times `10^scale`, if it is a decimal.
    Mantissa,
    /// The value otherwise.
    Value,
    /// Since when the sample counts, if that is known; a block in which it is known of none has no such column.
    Start,
}

impl SampleColumn {
    /// All, in file order; the last may be missing.
    pub(super) const ALL: [Self; 5] = [
        Self::Series,
        Self::Timestamp,
        Self::Mantissa,
        Self::Value,
        Self::Start,
    ];
}

/// The schema of `samples.parquet`, with start timestamps or without.
pub(super) fn samples_schema(start_timestamps: bool) -> Result<TypePtr> {
    let start = match start_timestamps {
        true => "optional int64 start_timestamp (TIMESTAMP(MILLIS, true));",
        false => "",
    };
    parse_message_type(&format!(
        "message samples {{
            required int32 series;
            required int64 timestamp (TIMESTAMP(MILLIS, true));
            optional int64 mantissa;
            optional double value;
            {start}
        }}"
    ))
    .map(Arc::new)
    .map_err(|e| Error::internal("the schema of samples is wrong").with_source(e))
}

/// How `samples.parquet` is written, pages apart.
pub(super) fn samples_properties(start_timestamps: bool) -> Result<WriterProperties> {
    let sorting = |column_idx| SortingColumn {
        column_idx,
        descending: false,
        nulls_first: false,
    };
    let version = meta::version(start_timestamps);
    Ok(properties_of_version("samples", 1, version)?
        .set_sorting_columns(Some(vec![sorting(0), sorting(1)]))
        .build())
}

/// How `histograms.parquet` is written: what seldom changes with dictionaries, the rest by bytes of equal weight.
pub(super) fn histograms_properties() -> Result<WriterProperties> {
    let path = |parts: &[&str]| ColumnPath::new(parts.iter().map(|p| (*p).to_owned()).collect());
    let mut builder = common_properties("histograms", 1)?
        .set_data_page_row_count_limit(512)
        .set_write_batch_size(512)
        .set_statistics_enabled(EnabledStatistics::None);
    for name in ["series", "timestamp", "start_timestamp"] {
        builder = builder
            .set_column_dictionary_enabled(path(&[name]), false)
            .set_column_encoding(path(&[name]), Encoding::DELTA_BINARY_PACKED)
            .set_column_statistics_enabled(path(&[name]), EnabledStatistics::Chunk);
    }
    let lists =
        ["positive_buckets", "negative_buckets"].map(|name| path(&[name, "list", "element"]));
    let numbers = ["zero_count", "count", "sum"].map(|name| path(&[name]));
    for path in lists.into_iter().chain(numbers) {
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT);
    }
    Ok(builder.build())
}

/// How the files of exemplars and of metadata are written.
pub(super) fn table_properties(content: &str) -> Result<WriterProperties> {
    Ok(common_properties(content, 3)?
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build())
}

/// How `series.parquet` is written.
pub(super) fn series_properties(start_timestamps: bool) -> Result<WriterProperties> {
    let version = meta::version(start_timestamps);
    let mut builder = properties_of_version("series", 3, version)?
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for (column, encoding) in [
        ("series", Encoding::DELTA_BINARY_PACKED),
        ("series_id", Encoding::PLAIN),
        ("first_row", Encoding::DELTA_BINARY_PACKED),
    ] {
        let path = ColumnPath::from(column);
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, encoding);
    }
    Ok(builder.build())
}

fn common_properties(content: &str, zstd_level: i32) -> Result<WriterPropertiesBuilder> {
    properties_of_version(content, zstd_level, meta::version(false))
}

fn properties_of_version(
    content: &str,
    zstd_level: i32,
    version: u32,
) -> Result<WriterPropertiesBuilder> {
    let level = ZstdLevel::try_new(zstd_level)
        .map_err(|e| Error::internal("bad zstd level").with_source(e))?;
    let entry = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by(format!("narthex {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(vec![
            entry("narthex.content", content.to_owned()),
            entry("narthex.version", version.to_string()),
        ])))
}
