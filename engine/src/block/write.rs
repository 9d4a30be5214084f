//! Writes a block: series one after the other into a temporary folder that one rename makes visible.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_model::{Error, Labels, LabelsRef, Result, TimeRange, TimestampMs};
use ulid::Ulid;

use super::exemplars_file::ExemplarsWriter;
use super::files;
use super::histograms_writer::HistogramsWriter;
use super::meta::{self, BlockMeta, BlockSource, META_FILE, Span};
use super::metadata_file;
use super::pages::Effort;
use super::samples_writer::SamplesWriter;
use super::schema::{
    EXEMPLARS_FILE, HISTOGRAMS_FILE, Layout, METADATA_FILE, SAMPLES_FILE, SERIES_FILE,
};
use super::series_file::SeriesBuilder;
use super::series_rows::{HistogramSpan, SeriesRow};
use super::timelines::Timelines;
use super::workers::Workers;
use crate::exemplars::StoredExemplar;
use crate::fs::{FileSystem, RealFileSystem};
use crate::histograms::HistogramRows;
use crate::metadata::KnownMetadata;

/// Ends the name of a folder that is not yet a block.
pub(super) const LEFTOVER_SUFFIX: &str = "tmp";

/// A series with its samples, handed to the writer.
#[derive(Debug, Clone, Copy)]
pub struct SeriesSamples<'a> {
    /// Its labels, greater than those of the series before.
    pub labels: LabelsRef<'a>,
    /// Strictly increasing.
    pub timestamps: &'a [TimestampMs],
    /// One per timestamp; every bit is kept.
    pub values: &'a [f64],
}

/// A block that is being written. Dropping it unfinished leaves nothing behind.
pub struct BlockWriter {
    /// `None` once finished or dropped.
    samples: Option<SamplesWriter>,
    /// `None` as long as there are none.
    histograms: Option<HistogramsWriter>,
    /// The same.
    exemplars: Option<ExemplarsWriter>,
    metadata: Vec<KnownMetadata>,
    /// Times of exemplars and metadata: a block may have no samples.
    other_times: Option<(TimestampMs, TimestampMs)>,
    series: SeriesBuilder,
    timelines: Timelines,
    last_labels: Option<Labels>,
    next_row: u64,
    fs: Arc<dyn FileSystem>,
    parent: PathBuf,
    /// Where the files are written; empty once it has become the block.
    folder: PathBuf,
    meta: BlockMeta,
}

impl BlockWriter {
    /// Begins the block `<ulid>` in folder `parent`, cut for the window `span`; `created_ms` is the time now, in
    /// milliseconds since the epoch.
    ///
    /// # Errors
    /// `Unavailable` if the folder cannot be made.
    pub fn create(
        parent: &Path,
        ulid: Ulid,
        span: TimeRange,
        source: BlockSource,
        created_ms: TimestampMs,
    ) -> Result<Self> {
        let fs = Arc::new(RealFileSystem);
        Self::create_on(fs, parent, ulid, span, source, created_ms, false)
    }

    /// As [`BlockWriter::create`], on another file system; the block may have start timestamps of floats if that is said.
    pub(crate) fn create_on(
        fs: Arc<dyn FileSystem>,
        parent: &Path,
        ulid: Ulid,
        span: TimeRange,
        source: BlockSource,
        created_ms: TimestampMs,
        start_timestamps: bool,
    ) -> Result<Self> {
        let layout = Layout {
            start_timestamps,
            ..Layout::default()
        };
        Self::with_layout(fs, parent, ulid, span, source, created_ms, layout)
    }

    /// As [`BlockWriter::create`], with pages and row groups of another size.
    pub(super) fn with_layout(
        fs: Arc<dyn FileSystem>,
        parent: &Path,
        ulid: Ulid,
        span: TimeRange,
        source: BlockSource,
        created_ms: TimestampMs,
        layout: Layout,
    ) -> Result<Self> {
        // What comes from the head is merged before long.
        let effort = match source.level {
            ..=1 => Effort::Quick,
            _ => Effort::Thorough,
        };
        let folder = parent.join(format!("{ulid}.{LEFTOVER_SUFFIX}"));
        files::create_dir(fs.as_ref(), &folder)?;
        let meta = BlockMeta {
            version: meta::version(layout.start_timestamps),
            ulid,
            min_time: 0,
            max_time: 0,
            span: Span {
                start: span.start,
                end: span.end,
            },
            series: 0,
            samples: 0,
            histograms: 0,
            exemplars: 0,
            metadata: 0,
            start_timestamps: 0,
            files: std::collections::BTreeMap::new(),
            source,
            created_ms,
        };
        let mut writer = Self {
            samples: None,
            histograms: None,
            exemplars: None,
            metadata: Vec::new(),
            other_times: None,
            series: SeriesBuilder::default(),
            timelines: Timelines::new(),
            last_labels: None,
            next_row: 0,
            fs,
            parent: parent.to_owned(),
            folder,
            meta,
        };
        writer.samples = Some(SamplesWriter::create(
            writer.fs.as_ref(),
            &writer.folder.join(SAMPLES_FILE),
            layout,
            effort,
        )?);
        Ok(writer)
    }

    /// Has the pages encoded by `workers`.
    pub(crate) fn with_workers(mut self, workers: Arc<Workers>) -> Self {
        if let Some(samples) = &mut self.samples {
            samples.set_workers(workers);
        }
        self
    }

    /// Adds a series of floats.
    ///
    /// # Errors
    /// `Internal` if it does not follow the one before, or its samples are empty, unequal in number, or not in order;
    /// `Limit` if series or samples are more than a block can number; `Unavailable` if the disk is full or failing.
    pub fn push(&mut self, series: SeriesSamples<'_>) -> Result<()> {
        self.push_with(series, &HistogramRows::default())
    }

    /// Adds a series with its native histograms, strictly increasing in time, none at the time of a float.
    ///
    /// # Errors
    /// As [`BlockWriter::push`]; it has no samples only if it has neither floats nor histograms.
    pub fn push_with(
        &mut self,
        series: SeriesSamples<'_>,
        histograms: &HistogramRows,
    ) -> Result<()> {
        self.push_started(series, &[], histograms)
    }

    /// As [`BlockWriter::push_with`], with the start timestamps of the floats: one for each, 0 where none is known, or none at
    /// all.
    ///
    /// # Errors
    /// As [`BlockWriter::push_with`]; `Internal` if the block was not begun for start timestamps.
    pub(crate) fn push_started(
        &mut self,
        series: SeriesSamples<'_>,
        starts: &[TimestampMs],
        histograms: &HistogramRows,
    ) -> Result<()> {
        let SeriesSamples {
            labels,
            timestamps,
            values,
        } = series;
        self.check(series, histograms)?;
        self.check_starts(series, starts)?;
        let start_count = starts.iter().filter(|s| **s != 0).count() as u32;
        let times = || timestamps.iter().chain(&histograms.timestamps).copied();
        let (Some(min_time), Some(max_time)) = (times().min(), times().max()) else {
            return Err(Error::internal(format!(
                "series {labels} has no samples to write"
            )));
        };
        let limit = |_| {
            Error::limit(format!(
                "series {labels} is more than a block can hold: cut smaller blocks"
            ))
        };
        let ordinal = i32::try_from(self.series.len()).map_err(limit)?;
        let row_count = i32::try_from(timestamps.len())
            .map_err(limit)?
            .cast_unsigned();
        let samples = self
            .samples
            .as_mut()
            .ok_or_else(|| Error::internal("the block is finished"))?;
        let kept = samples.push(ordinal, timestamps, values, starts)?;
        let (scale, double_count) = (kept.scale, kept.double_count);
        let row = SeriesRow {
            first_row: self.next_row,
            row_count,
            times_of: self
                .timelines
                .first_with(ordinal.cast_unsigned(), timestamps),
            double_count,
            scale,
            min_time,
            max_time,
        };
        let span = self.push_histograms(ordinal, histograms)?;
        self.series.push(labels, row, timestamps, span, start_count);
        self.next_row += u64::from(row_count);
        self.last_labels = Some(labels.to_owned());
        Ok(())
    }

    /// Where the histograms of a series lie.
    fn push_histograms(
        &mut self,
        ordinal: i32,
        rows: &HistogramRows,
    ) -> Result<Option<HistogramSpan>> {
        let times = rows.timestamps.first().zip(rows.timestamps.last());
        let Some((min_time, max_time)) = times else {
            return Ok(None);
        };
        let writer = match &mut self.histograms {
            Some(writer) => writer,
            None => {
                let path = self.folder.join(HISTOGRAMS_FILE);
                let writer = HistogramsWriter::create(self.fs.as_ref(), &path)?;
                self.histograms.insert(writer)
            }
        };
        writer.push(ordinal, rows)?;
        let row_count = i32::try_from(rows.len())
            .map_err(|_| Error::limit("a series has more histograms than a block can hold"))?;
        let span = HistogramSpan {
            ordinal: ordinal.cast_unsigned(),
            first_row: self.meta.histograms,
            row_count: row_count.cast_unsigned(),
            min_time: *min_time,
            max_time: *max_time,
        };
        self.meta.histograms += u64::from(span.row_count);
        Ok(Some(span))
    }

    /// Adds an exemplar, no older than the one before.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing.
    pub fn push_exemplar(&mut self, exemplar: StoredExemplar) -> Result<()> {
        let writer = match &mut self.exemplars {
            Some(writer) => writer,
            None => {
                let path = self.folder.join(EXEMPLARS_FILE);
                let writer = ExemplarsWriter::create(self.fs.as_ref(), &path)?;
                self.exemplars.insert(writer)
            }
        };
        self.meta.exemplars += 1;
        widen(&mut self.other_times, exemplar.timestamp);
        writer.push(exemplar)
    }

    /// Sets what the metrics of the block say of themselves, each thing once.
    pub fn set_metadata(&mut self, metadata: Vec<KnownMetadata>) {
        for known in &metadata {
            widen(&mut self.other_times, known.since);
        }
        self.meta.metadata = metadata.len() as u64;
        self.metadata = metadata;
    }

    /// Whether nothing was added so far.
    pub fn is_empty(&self) -> bool {
        self.series.len() == 0 && self.meta.exemplars == 0 && self.metadata.is_empty()
    }

    fn check(&self, series: SeriesSamples<'_>, histograms: &HistogramRows) -> Result<()> {
        let labels = series.labels;
        if self
            .last_labels
            .as_ref()
            .is_some_and(|last| last.as_ref() >= labels)
        {
            return Err(Error::internal(format!(
                "series {labels} is written out of order"
            )));
        }
        if series.timestamps.len() != series.values.len()
            || !series.timestamps.is_sorted_by(|a, b| a < b)
            || !histograms.timestamps.is_sorted_by(|a, b| a < b)
        {
            return Err(Error::internal(format!(
                "samples of series {labels} are not in order"
            )));
        }
        Ok(())
    }

    fn check_starts(&self, series: SeriesSamples<'_>, starts: &[TimestampMs]) -> Result<()> {
        let has_column = self.meta.version == meta::version(true);
        if starts.is_empty() || (has_column && starts.len() == series.timestamps.len()) {
            return Ok(());
        }
        Err(Error::internal(format!(
            "start timestamps of series {} do not fit the block",
            series.labels
        )))
    }

    /// Makes everything durable, then visible by one rename.
    ///
    /// # Errors
    /// `Internal` if it is empty; `Unavailable` if the disk is full or failing: nothing is visible then.
    pub fn finish(self) -> Result<BlockMeta> {
        self.finish_checked(|_| Ok(()))
    }

    /// As [`BlockWriter::finish`], if `check` finds nothing wrong with the folder before it becomes visible.
    ///
    /// # Errors
    /// As [`BlockWriter::finish`], and what `check` says.
    pub fn finish_checked(mut self, check: impl FnOnce(&Path) -> Result<()>) -> Result<BlockMeta> {
        let (Some(samples), Some((min_time, max_time))) = (
            self.samples.take(),
            self.series.time_bounds().or(self.other_times),
        ) else {
            return Err(Error::internal("an empty block is not written"));
        };
        let fs = self.fs.as_ref();
        self.meta.min_time = min_time;
        self.meta.max_time = max_time;
        self.meta.series = self.series.len() as u64;
        self.meta.samples = self.next_row;
        self.meta.start_timestamps = self.series.start_total();
        self.meta
            .files
            .insert(SAMPLES_FILE.to_owned(), samples.finish()?);
        if let Some(histograms) = self.histograms.take() {
            self.meta
                .files
                .insert(HISTOGRAMS_FILE.to_owned(), histograms.finish()?);
        }
        if let Some(exemplars) = self.exemplars.take() {
            self.meta
                .files
                .insert(EXEMPLARS_FILE.to_owned(), exemplars.finish()?);
        }
        if !self.metadata.is_empty() {
            let path = self.folder.join(METADATA_FILE);
            let written = metadata_file::write(fs, &path, &self.metadata)?;
            self.meta.files.insert(METADATA_FILE.to_owned(), written);
        }
        let series = std::mem::take(&mut self.series);
        self.meta.files.insert(
            SERIES_FILE.to_owned(),
            series.write(fs, &self.folder.join(SERIES_FILE))?,
        );
        files::write_small(fs, &self.folder.join(META_FILE), &self.meta.encode()?)?;
        files::sync_dir(fs, &self.folder)?;
        check(&self.folder)?;
        files::rename(
            fs,
            &self.folder,
            &self.parent.join(self.meta.ulid.to_string()),
        )?;
        self.folder = PathBuf::new();
        Ok(self.meta.clone())
    }
}

impl Drop for BlockWriter {
    fn drop(&mut self) {
        self.samples = None;
        self.histograms = None;
        self.exemplars = None;
        if !self.folder.as_os_str().is_empty() {
            // What cannot be removed now is a leftover, which the next start removes.
            let _ = files::remove_dir(self.fs.as_ref(), &self.folder);
        }
    }
}

fn widen(times: &mut Option<(TimestampMs, TimestampMs)>, t: TimestampMs) {
    let (first, last) = times.unwrap_or((t, t));
    *times = Some((first.min(t), last.max(t)));
}

/// Removes the block in folder `path`: one rename makes it no block any more. What a crash leaves behind is a leftover.
///
/// # Errors
/// `Unavailable` if the folder cannot be renamed or removed.
pub(crate) fn remove_block(fs: &dyn FileSystem, path: &Path) -> Result<()> {
    let gone = path.with_extension(LEFTOVER_SUFFIX);
    files::rename(fs, path, &gone)?;
    files::remove_dir(fs, &gone)
}

/// Removes the folders in `parent` that never became blocks, or are none any more, and counts them.
///
/// # Errors
/// `Unavailable` if the folder cannot be read or a leftover not be removed.
pub(crate) fn remove_leftovers(fs: &dyn FileSystem, parent: &Path) -> Result<usize> {
    let mut removed = 0;
    for folder in files::subfolders(parent)? {
        let is_ulid = folder
            .file_stem()
            .and_then(|s| s.to_str())
            .is_some_and(|s| Ulid::from_string(s).is_ok());
        if is_ulid && folder.extension().is_some_and(|e| e == LEFTOVER_SUFFIX) {
            files::remove_dir(fs, &folder)?;
            removed += 1;
        }
    }
    Ok(removed)
}
