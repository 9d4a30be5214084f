//! Names, types and encodings of the columns of `samples.parquet`, and what both files say of themselves.

use std::sync::Arc;

use narthex_model::{Error, Result};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

/// Name of the file with a row per series.
pub(super) const SERIES_FILE: &str = "series.parquet";
/// Name of the file with a row per sample.
pub(super) const SAMPLES_FILE: &str = "samples.parquet";

/// Samples between two entries of a series' time index.
pub(super) const TIME_INDEX_STEP: usize = 256;

/// Where `samples.parquet` is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// A row group ends before the series that would make it larger.
    pub(super) rows_per_group: usize,
    /// A page ends after so many rows: scattered reads decode whole pages.
    pub(super) rows_per_page: usize,
    /// Rows encoded at once; pages end at multiples of it.
    pub(super) write_batch_rows: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            rows_per_group: 1 << 20,
            rows_per_page: 8192,
            write_batch_rows: 1024,
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
}

impl SampleColumn {
    /// All, in file order.
    pub(super) const ALL: [Self; 4] = [Self::Series, Self::Timestamp, Self::Mantissa, Self::Value];

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Series => "series",
            Self::Timestamp => "timestamp",
            Self::Mantissa => "mantissa",
            Self::Value => "value",
        }
    }

    fn encoding(self) -> Encoding {
        match self {
            Self::Series | Self::Timestamp | Self::Mantissa => Encoding::DELTA_BINARY_PACKED,
            Self::Value => Encoding::BYTE_STREAM_SPLIT,
        }
    }

    /// Row groups are skipped by series and time; ranges of mantissas tell nothing.
    fn statistics(self) -> EnabledStatistics {
        match self {
            Self::Series | Self::Timestamp => EnabledStatistics::Chunk,
            Self::Mantissa | Self::Value => EnabledStatistics::None,
        }
    }
}

/// The schema of `samples.parquet`.
pub(super) fn samples_schema() -> Result<TypePtr> {
    parse_message_type(
        "message samples {
            required int32 series;
            required int64 timestamp (TIMESTAMP(MILLIS, true));
            optional int64 mantissa;
            optional double value;
        }",
    )
    .map(Arc::new)
    .map_err(|e| Error::internal("the schema of samples is wrong").with_source(e))
}

/// How `samples.parquet` is written.
pub(super) fn samples_properties(layout: Layout) -> Result<WriterProperties> {
    let sorting = |column_idx| SortingColumn {
        column_idx,
        descending: false,
        nulls_first: false,
    };
    let mut builder = common_properties("samples", 1)?
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(layout.rows_per_page)
        .set_write_batch_size(layout.write_batch_rows)
        .set_sorting_columns(Some(vec![sorting(0), sorting(1)]));
    for column in SampleColumn::ALL {
        let path = ColumnPath::from(column.name());
        builder = builder
            .set_column_encoding(path.clone(), column.encoding())
            .set_column_statistics_enabled(path, column.statistics());
    }
    Ok(builder.build())
}

/// How `series.parquet` is written.
pub(super) fn series_properties() -> Result<WriterProperties> {
    Ok(common_properties("series", 3)?
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build())
}

fn common_properties(content: &str, zstd_level: i32) -> Result<WriterPropertiesBuilder> {
    let level = ZstdLevel::try_new(zstd_level)
        .map_err(|e| Error::internal("bad zstd level").with_source(e))?;
    let entry = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by(format!("narthex {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(vec![
            entry("narthex.content", content.to_owned()),
            entry("narthex.version", super::meta::VERSION.to_string()),
        ])))
}
