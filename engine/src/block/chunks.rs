//! Puts the pages of a column together as a column chunk, which can then be appended to a row group.

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{CompressedPage, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// A column chunk in memory.
pub(super) struct Chunk {
    /// Its bytes.
    pub(super) bytes: Bytes,
    /// What the footer says of it, with offsets from its start.
    pub(super) close: ColumnCloseResult,
}

/// The column chunk of `pages`, of which the first may be a dictionary.
pub(super) fn assemble(
    column: &ColumnDescPtr,
    properties: &WriterPropertiesPtr,
    pages: Vec<CompressedPage>,
    statistics: Option<Statistics>,
) -> Result<Chunk, ParquetError> {
    let mut sink = TrackedWrite::new(Vec::new());
    let mut writer = SerializedPageWriter::new(&mut sink);
    let mut offsets = OffsetIndexBuilder::new();
    let mut encodings = vec![Encoding::RLE];
    let (mut rows, mut plain_bytes, mut dictionary_bytes) = (0_u64, 0, None);
    for page in pages {
        encodings.push(page.encoding());
        let is_data = page.compressed_page().is_data_page();
        let page = writer.write_page(page)?;
        plain_bytes += page.uncompressed_size;
        if is_data {
            rows += u64::from(page.num_values);
            offsets.append_row_count(i64::from(page.num_values));
            offsets.append_offset_and_size(page.offset as i64, page.compressed_size as i32);
        } else {
            dictionary_bytes = Some(page.compressed_size);
        }
    }
    writer.close()?;
    let bytes = Bytes::from(sink.into_inner()?);
    let mut metadata = ColumnChunkMetaData::builder(column.clone())
        .set_compression_codec(properties.compression(column.path()).into())
        .set_encodings(encodings)
        .set_total_compressed_size(bytes.len() as i64)
        .set_total_uncompressed_size(plain_bytes as i64)
        .set_num_values(rows as i64)
        .set_data_page_offset(dictionary_bytes.unwrap_or(0) as i64)
        .set_dictionary_page_offset(dictionary_bytes.map(|_| 0));
    if let Some(statistics) = statistics {
        metadata = metadata.set_statistics(statistics);
    }
    let close = ColumnCloseResult {
        bytes_written: bytes.len() as u64,
        rows_written: rows,
        metadata: metadata.build()?,
        bloom_filter: None,
        column_index: None,
        offset_index: Some(offsets.build()),
    };
    Ok(Chunk { bytes, close })
}
