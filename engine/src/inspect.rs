//! What the blocks and the log of a store hold: for people who wonder where their bytes are.

use std::collections::BTreeMap;
use std::path::Path;

use narthex_model::{Error, ErrorKind, Labels, METRIC_NAME, Result};
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, ParquetMetaDataReader};
use ulid::Ulid;

use crate::block::{Block, BlockMeta};
use crate::layout::{Layout, unavailable};
use crate::load::block_folders;
use crate::wal::{SegmentContents, list_segments};

/// Reads the description of each block of the store in folder `path`, oldest name first. Takes no lock; blocks that a
/// live writer removes meanwhile, and damaged ones, are left out.
///
/// # Errors
/// `NotFound` if there is no store, `Unavailable` if the folder cannot be listed.
pub fn list_blocks(path: &Path) -> Result<Vec<BlockMeta>> {
    let layout = Layout::new(path);
    layout.check_format()?;
    let folders = block_folders(&layout)?;
    Ok(folders
        .iter()
        .filter_map(|f| BlockMeta::read(f).ok())
        .collect())
}

/// Counts what the segments of the write-ahead log hold in the store in folder `path`, oldest first. Takes no lock; a segment that
/// a live writer removes meanwhile is left out, and the newest one may end in a write that is under way.
///
/// # Errors
/// `NotFound` if there is no store, `Unavailable` if a file cannot be read.
pub fn inspect_wal(path: &Path) -> Result<Vec<SegmentContents>> {
    let layout = Layout::new(path);
    layout.check_format()?;
    let mut all = Vec::new();
    for segment in list_segments(&layout.wal())? {
        match SegmentContents::of(&segment) {
            Err(_) if !segment.path.exists() => {}
            contents => all.push(contents?),
        }
    }
    Ok(all)
}

/// What is inside one block.
#[derive(Debug, Clone)]
pub struct BlockContents {
    /// Its description.
    pub meta: BlockMeta,
    /// The columns of its files, in file order.
    pub columns: Vec<ColumnContents>,
    /// Its metrics, those with the most samples first.
    pub metrics: Vec<MetricContents>,
}

/// A column of a file, over all row groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnContents {
    /// Name of the file.
    pub file: String,
    /// Name of the column, with dots where it is nested.
    pub name: String,
    /// How its values are encoded and compressed.
    pub encodings: String,
    /// Number of row groups.
    pub row_groups: u64,
    /// Number of data pages, as far as the file tells.
    pub pages: u64,
    /// Bytes in the file.
    pub bytes: u64,
    /// Bytes before compression.
    pub raw_bytes: u64,
}

/// A metric of a block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricContents {
    /// Its name; empty for series without one.
    pub name: String,
    /// Its series.
    pub series: u64,
    /// Their samples.
    pub samples: u64,
}

/// Looks into block `name` of the store in folder `path`.
///
/// # Errors
/// `NotFound` if there is no such block, `Corrupt` if it is damaged, `Unavailable` if it cannot be read.
pub fn inspect_block(path: &Path, name: &str) -> Result<BlockContents> {
    let layout = Layout::new(path);
    layout.check_format()?;
    let folder = layout.blocks().join(name);
    if Ulid::from_string(name).is_err() || !folder.is_dir() {
        let message = format!("no block {name}; narthex inspect blocks lists them");
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    let (block, labels) = Block::open(&folder)?;
    let mut columns = Vec::new();
    for file in block.meta().files.keys() {
        columns.extend(columns_of(&folder, file)?);
    }
    Ok(BlockContents {
        meta: block.meta().clone(),
        columns,
        metrics: metrics(&block, &labels),
    })
}

fn columns_of(folder: &Path, name: &str) -> Result<Vec<ColumnContents>> {
    let path = folder.join(name);
    let file = std::fs::File::open(&path).map_err(|e| unavailable("open", &path, e))?;
    let metadata = ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Optional)
        .parse_and_finish(&file)
        .map_err(|e| Error::corrupt(format!("read {}", path.display())).with_source(e))?;
    let mut columns: Vec<ColumnContents> = Vec::new();
    for (group, chunks) in metadata.row_groups().iter().enumerate() {
        for (at, chunk) in chunks.columns().iter().enumerate() {
            if columns.len() <= at {
                columns.push(ColumnContents {
                    file: name.to_owned(),
                    name: chunk.column_path().string(),
                    encodings: encodings(chunk),
                    ..ColumnContents::default()
                });
            }
            let Some(column) = columns.get_mut(at) else {
                continue;
            };
            let offsets = metadata.offset_index().and_then(|i| i.get(group)?.get(at));
            column.row_groups += 1;
            column.pages += offsets.map_or(0, |o| o.page_locations().len() as u64);
            column.bytes += chunk.compressed_size().max(0).cast_unsigned();
            column.raw_bytes += chunk.uncompressed_size().max(0).cast_unsigned();
        }
    }
    Ok(columns)
}

/// Encodings of values, without that of levels, then the compression.
fn encodings(chunk: &ColumnChunkMetaData) -> String {
    let names = chunk.encodings().map(|e| e.to_string());
    let names: Vec<_> = names.filter(|name| name != "RLE").collect();
    format!("{} {}", names.join("+"), chunk.compression())
}

fn metrics(block: &Block, labels: &[Labels]) -> Vec<MetricContents> {
    let mut by_name: BTreeMap<&str, MetricContents> = BTreeMap::new();
    for (labels, row) in labels.iter().zip(block.rows()) {
        let name = labels.as_ref().get(METRIC_NAME).unwrap_or("");
        let metric = by_name.entry(name).or_insert_with(|| MetricContents {
            name: name.to_owned(),
            ..MetricContents::default()
        });
        metric.series += 1;
        metric.samples += u64::from(row.row_count);
    }
    let mut metrics: Vec<_> = by_name.into_values().collect();
    metrics.sort_by_key(|m| std::cmp::Reverse(m.samples));
    metrics
}
