//! An open block: answers which rows a series has in a range of time, and decodes them.

use std::ops::Range;
use std::path::Path;

use narthex_model::{Error, Labels, Result, TimeRange, TimestampMs};
use parquet::errors::ParquetError;

use super::delta_decoder::DeltaDecoder;
use super::estimate::Wanted;
use super::exemplars_file::ExemplarsFile;
use super::folder::{BlockFolder, LocalFolder};
use super::histograms_reader::{DecodedHistograms, HistogramsFile};
use super::meta::BlockMeta;
use super::metadata_file::MetadataFile;
use super::page_reader::{Decoder, DoubleDecoder};
use super::samples_reader::{Cursor, SamplesFile};
use super::schema::{
    EXEMPLARS_FILE, HISTOGRAMS_FILE, METADATA_FILE, SAMPLES_FILE, SERIES_FILE, SampleColumn,
};
use super::series_rows::{HistogramSpan, SeriesRow, SeriesRows};
use super::{decimal, files, parquet_io, series_file};
use crate::exemplars::StoredExemplar;
use crate::metadata::KnownMetadata;

/// A block that is open for reading, from many threads.
#[derive(Debug)]
pub struct Block {
    meta: BlockMeta,
    pub(super) series: SeriesRows,
    pub(super) samples: SamplesFile,
    /// If it has any.
    histograms: Option<HistogramsFile>,
    exemplars: Option<ExemplarsFile>,
    metadata: Option<MetadataFile>,
}

/// Samples of several series, flat.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecodedSamples {
    /// Milliseconds since the epoch, strictly increasing within each series. Those that series share are there once.
    pub timestamps: Vec<TimestampMs>,
    /// One per sample.
    pub values: Vec<f64>,
    /// Since when each counts, 0 where that is not known; empty if it is known of none or was not asked for.
    pub starts: Vec<TimestampMs>,
    /// For each series, how many samples it has.
    pub counts: Vec<u32>,
    /// For each series, where its times begin in `timestamps`.
    pub times_at: Vec<u32>,
}

/// How long the columns were before something was appended.
struct Lengths {
    timestamps: usize,
    values: usize,
    starts: usize,
    series: usize,
}

impl DecodedSamples {
    fn lengths(&self) -> Lengths {
        Lengths {
            timestamps: self.timestamps.len(),
            values: self.values.len(),
            starts: self.starts.len(),
            series: self.counts.len(),
        }
    }

    fn truncate(&mut self, to: &Lengths) {
        self.timestamps.truncate(to.timestamps);
        self.values.truncate(to.values);
        self.starts.truncate(to.starts);
        self.counts.truncate(to.series);
        self.times_at.truncate(to.series);
    }
}

/// The wanted rows of one series.
pub(super) struct Piece {
    pub(super) ordinal: u32,
    /// The series whose rows its times are decoded from.
    pub(super) times_of: u32,
    pub(super) row: SeriesRow,
    pub(super) rows: Range<u64>,
}

/// Where the values of a series are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mantissas,
    Doubles,
    Mixed,
}

impl Block {
    /// Opens the block in the local folder `dir`; also hands over the labels of its series, by ordinal.
    ///
    /// # Errors
    /// As [`Block::open_in`].
    pub fn open(dir: &Path) -> Result<(Self, Vec<Labels>)> {
        Self::open_in(&LocalFolder::new(dir))
    }

    /// Opens the block in `folder`; also hands over the labels of its series, by ordinal.
    ///
    /// # Errors
    /// `Corrupt` if a file is missing or damaged as far as that shows without reading the samples; `Unavailable` if
    /// one cannot be read; `NotFound` if the block was removed meanwhile.
    pub fn open_in(folder: &dyn BlockFolder) -> Result<(Self, Vec<Labels>)> {
        let meta = BlockMeta::read_in(folder)?;
        let (series, labels) = series_file::read(folder, meta.file(folder, SERIES_FILE)?)?;
        let samples = SamplesFile::open(folder, meta.file(folder, SAMPLES_FILE)?)?;
        let rows = series.as_slice().last().map_or(0, |r| r.rows().end);
        if series.len() as u64 != meta.series
            || rows != meta.samples
            || samples.rows() != rows
            || series.start_total() != meta.start_timestamps
        {
            return Err(files::damaged(
                &folder.path().join(SERIES_FILE),
                "its counts differ from those of the other files",
            ));
        }
        let histograms = open_histograms(folder, &meta, &series)?;
        let exemplars = match meta.exemplars {
            0 => None,
            rows => {
                let expected = meta.file(folder, EXEMPLARS_FILE)?;
                Some(ExemplarsFile::open(folder, expected, rows)?)
            }
        };
        let metadata = match meta.metadata {
            0 => None,
            rows => {
                let expected = meta.file(folder, METADATA_FILE)?;
                Some(MetadataFile::open(folder, expected, rows)?)
            }
        };
        Ok((
            Self {
                meta,
                series,
                samples,
                histograms,
                exemplars,
                metadata,
            },
            labels,
        ))
    }

    /// What the block is and holds.
    pub fn meta(&self) -> &BlockMeta {
        &self.meta
    }

    /// Number of series; ordinals are below it.
    pub fn series_count(&self) -> usize {
        self.series.len()
    }

    /// Where the samples of series `ordinal` lie. Panics if there is no such series.
    pub fn row(&self, ordinal: u32) -> SeriesRow {
        *self
            .series
            .get(ordinal)
            .expect("ordinals come from 0..series_count()")
    }

    /// All series, by ordinal.
    pub fn rows(&self) -> &[SeriesRow] {
        self.series.as_slice()
    }

    /// The rows of series `ordinal` that may lie in `range`, narrowed by the time index: at most 255 rows too many on
    /// either side. Empty if there is no such series.
    pub fn rows_in(&self, ordinal: u32, range: TimeRange) -> Range<u64> {
        self.series.rows_in(ordinal, range)
    }

    /// Where the native histograms of the series lie that have any, by ordinal.
    pub fn histogram_spans(&self) -> &[HistogramSpan] {
        self.series.histogram_spans()
    }

    /// Where the native histograms of series `ordinal` lie, if it has any.
    pub fn histogram_span(&self, ordinal: u32) -> Option<&HistogramSpan> {
        self.series.histogram_span(ordinal)
    }

    /// Decodes the native histograms in `range` of the series `ordinals` (strictly increasing) and appends them to `out`,
    /// one count per series.
    ///
    /// # Errors
    /// `Internal` if a series has no histograms, `Corrupt` if they cannot be decoded, `Unavailable` if the file cannot be
    /// read. What `out` holds is then of no use.
    pub fn read_histograms(
        &self,
        ordinals: &[u32],
        range: TimeRange,
        out: &mut DecodedHistograms,
    ) -> Result<()> {
        let spans = ordinals.iter().map(|o| self.histogram_span(*o).copied());
        let spans: Option<Vec<_>> = spans.collect();
        let (Some(spans), Some(file)) = (spans, &self.histograms) else {
            return Err(Error::internal(
                "histograms are asked of a series without any",
            ));
        };
        file.read(&spans, range, out)
    }

    /// Gives the exemplars in `range` to `take`, sorted by time.
    ///
    /// # Errors
    /// `Corrupt` if they cannot be decoded, `Unavailable` if the file cannot be read.
    pub fn read_exemplars(&self, range: TimeRange, take: impl FnMut(StoredExemplar)) -> Result<()> {
        match &self.exemplars {
            Some(file) => file.read(range, take),
            None => Ok(()),
        }
    }

    /// What the metrics of the block say of themselves.
    ///
    /// # Errors
    /// As [`Block::read_exemplars`].
    pub fn read_metadata(&self) -> Result<Vec<KnownMetadata>> {
        self.metadata
            .as_ref()
            .map_or(Ok(Vec::new()), MetadataFile::read)
    }

    /// The file of exemplars, if there is one.
    pub(super) fn exemplars_file(&self) -> Option<&ExemplarsFile> {
        self.exemplars.as_ref()
    }

    /// The file of native histograms, if there is one.
    pub(super) fn histograms_file(&self) -> Option<&HistogramsFile> {
        self.histograms.as_ref()
    }

    /// Bytes of memory held, files apart.
    pub fn byte_size(&self) -> usize {
        size_of::<Self>() + self.series.byte_size()
    }

    /// Decodes the samples in `range` of the series `ordinals` (strictly increasing) and appends them to `out`, one
    /// count per series.
    ///
    /// # Errors
    /// `Internal` if the ordinals are out of order or unknown, `Corrupt` if the samples cannot be decoded,
    /// `Unavailable` if the file cannot be read. `out` is then as it was.
    pub fn read(&self, ordinals: &[u32], range: TimeRange, out: &mut DecodedSamples) -> Result<()> {
        self.read_wanted(ordinals, range, Wanted::FLOATS, out)
    }

    /// As [`Block::read`], of the floats that are `wanted`. Where values are not, 0 stands for those that are no stale marker
    /// if that saves decoding. With starts `out` must be empty.
    ///
    /// # Errors
    /// As [`Block::read`].
    pub fn read_wanted(
        &self,
        ordinals: &[u32],
        range: TimeRange,
        wanted: Wanted,
        out: &mut DecodedSamples,
    ) -> Result<()> {
        let before = out.lengths();
        let pieces = self.pieces(ordinals, range, true);
        let read = pieces.and_then(|pieces| self.read_appending(pieces, range, wanted, out));
        if read.is_err() {
            out.truncate(&before);
        }
        read
    }

    /// As [`Block::read_wanted`], of all times, values and starts. Those that series share are decoded from the rows of each.
    pub(super) fn read_rows(&self, ordinals: &[u32], out: &mut DecodedSamples) -> Result<()> {
        let pieces = self.pieces(ordinals, TimeRange::ALL, false)?;
        self.read_appending(pieces, TimeRange::ALL, Wanted::FLOATS.with_starts(), out)
    }

    /// Series without floats have no rows to look for.
    fn read_appending(
        &self,
        mut pieces: Vec<Piece>,
        range: TimeRange,
        wanted: Wanted,
        out: &mut DecodedSamples,
    ) -> Result<()> {
        if pieces.iter().all(|p| p.row.row_count > 0) {
            return self.read_pieces(pieces, range, wanted, out);
        }
        let have_floats: Vec<bool> = pieces.iter().map(|p| p.row.row_count > 0).collect();
        pieces.retain(|p| p.row.row_count > 0);
        let before = out.counts.len();
        self.read_pieces(pieces, range, wanted, out)?;
        spread(&mut out.counts, before, &have_floats);
        spread(&mut out.times_at, before, &have_floats);
        Ok(())
    }

    fn read_pieces(
        &self,
        mut pieces: Vec<Piece>,
        range: TimeRange,
        wanted: Wanted,
        out: &mut DecodedSamples,
    ) -> Result<()> {
        let with_starts = wanted.starts && pieces.iter().any(|p| self.has_starts(p.ordinal));
        let rows: u64 = pieces.iter().map(Piece::len).sum();
        out.values.reserve(rows as usize);
        out.counts.reserve(pieces.len());
        out.times_at.reserve(pieces.len());
        self.read_times(&mut pieces, range, out)?;
        let mut rest = pieces.as_slice();
        while let Some(first) = rest.first() {
            let (group, in_group) = self.in_group(first, rest)?;
            let (now, later) = rest.split_at_checked(in_group).unwrap_or((rest, &[]));
            self.read_values(group, now, wanted.values, &mut out.values)?;
            if with_starts {
                self.read_starts(group, now, &mut out.starts)?;
            }
            rest = later;
        }
        Ok(())
    }

    pub(super) fn pieces(
        &self,
        ordinals: &[u32],
        range: TimeRange,
        shared: bool,
    ) -> Result<Vec<Piece>> {
        if !ordinals.is_sorted_by(|a, b| a < b) {
            return Err(Error::internal(
                "series of a block are asked for out of order",
            ));
        }
        let piece = |&ordinal: &u32| {
            let row = self.series.get(ordinal).copied();
            let row =
                row.ok_or_else(|| Error::internal(format!("the block has no series {ordinal}")))?;
            Ok(Piece {
                ordinal,
                times_of: if shared { row.times_of } else { ordinal },
                row,
                rows: self.rows_in(ordinal, range),
            })
        };
        ordinals.iter().map(piece).collect()
    }

    /// The row group of `first`, and how many of `pieces`, which begin with it, lie there.
    pub(super) fn in_group(&self, first: &Piece, pieces: &[Piece]) -> Result<(usize, usize)> {
        let group = self.samples.group_of(first.row.first_row);
        let (group, rows) = group.ok_or_else(|| {
            files::damaged(self.samples.path(), "it has fewer rows than its series")
        })?;
        let in_group = pieces.partition_point(|p| p.row.first_row < rows.end);
        Ok((group, in_group))
    }

    /// Decodes the values of `pieces`, whose rows are exact by now. No stale marker has a mantissa, so without `all` those of
    /// series that have nothing else need not be read.
    fn read_values(
        &self,
        group: usize,
        pieces: &[Piece],
        all: bool,
        out: &mut Vec<f64>,
    ) -> Result<()> {
        let has_mantissas = |p: &Piece| p.has_mantissas() && (all || p.has_doubles());
        let mut mantissas: Option<Cursor<DeltaDecoder>> =
            self.cursor_for(group, SampleColumn::Mantissa, pieces, has_mantissas)?;
        let mut doubles: Option<Cursor<DoubleDecoder>> =
            self.cursor_for(group, SampleColumn::Value, pieces, Piece::has_doubles)?;
        parquet_io::guarded(self.samples.path(), || {
            for run in runs(pieces, |p| (p.kind(), p.row.scale)) {
                let kind = run.first().map_or(Kind::Mixed, Piece::kind);
                match (kind, &mut mantissas, &mut doubles) {
                    (Kind::Mantissas, _, _) if !all => {
                        let rows = rows_spanned(run);
                        out.resize(out.len() + (rows.end - rows.start) as usize, 0.0);
                    }
                    (Kind::Mantissas, Some(mantissas), _) => read_mantissas(run, mantissas, out)?,
                    (Kind::Doubles, _, Some(doubles)) => read_doubles(run, doubles, out)?,
                    (Kind::Mixed, Some(mantissas), Some(doubles)) => run
                        .iter()
                        .try_for_each(|piece| read_mixed(piece, mantissas, doubles, out))?,
                    _ => return Err(contradiction()),
                }
            }
            Ok(())
        })
    }

    /// A cursor over `column`, if any of `pieces` has something there.
    pub(super) fn cursor_for<D: Decoder>(
        &self,
        group: usize,
        column: SampleColumn,
        pieces: &[Piece],
        has: impl Fn(&Piece) -> bool,
    ) -> Result<Option<Cursor<D>>> {
        let mut having = pieces.iter().filter(|p| p.len() > 0 && has(p)).peekable();
        having
            .peek()
            .is_some()
            .then(|| self.samples.cursor(group, column, rows_of(having)))
            .transpose()
    }
}

fn open_histograms(
    folder: &dyn BlockFolder,
    meta: &BlockMeta,
    series: &SeriesRows,
) -> Result<Option<HistogramsFile>> {
    let rows = series.histogram_spans().last().map_or(0, |s| s.rows().end);
    let file = match meta.histograms {
        0 => None,
        _ => Some(HistogramsFile::open(
            folder,
            meta.file(folder, HISTOGRAMS_FILE)?,
        )?),
    };
    if rows != meta.histograms || file.as_ref().map_or(0, HistogramsFile::rows) != rows {
        return Err(files::damaged(
            &folder.path().join(SERIES_FILE),
            "its counts of histograms differ from those of the other files",
        ));
    }
    Ok(file)
}

impl Piece {
    pub(super) fn len(&self) -> u64 {
        self.rows.end - self.rows.start
    }

    /// Its rows, counted from the first one of the series.
    pub(super) fn rows_of_series(&self) -> Range<u64> {
        self.rows.start - self.row.first_row..self.rows.end - self.row.first_row
    }

    /// Whether some of its values are mantissas.
    pub(super) fn has_mantissas(&self) -> bool {
        self.kind() != Kind::Doubles
    }

    /// Whether some of its values are doubles.
    pub(super) fn has_doubles(&self) -> bool {
        self.kind() != Kind::Mantissas
    }

    fn kind(&self) -> Kind {
        match self.row.double_count {
            0 => Kind::Mantissas,
            n if n == self.row.row_count => Kind::Doubles,
            _ => Kind::Mixed,
        }
    }
}

/// Makes room in `items`, from `start` on, for the series that have none: theirs is 0.
fn spread(items: &mut Vec<u32>, start: usize, has: &[bool]) {
    let mut there = items.split_off(start.min(items.len())).into_iter();
    let item = |has: &bool| if *has { there.next().unwrap_or(0) } else { 0 };
    items.extend(has.iter().map(item));
}

pub(super) fn rows_of<'a>(
    pieces: impl IntoIterator<Item = &'a Piece>,
) -> impl Iterator<Item = Range<u64>> {
    pieces
        .into_iter()
        .map(|p| p.rows.clone())
        .filter(|rows| !rows.is_empty())
}

/// Splits `pieces` where rows do not follow each other or `key` changes; pieces without rows are left out if alone.
pub(super) fn runs<K: PartialEq>(
    pieces: &[Piece],
    key: impl Fn(&Piece) -> K,
) -> impl Iterator<Item = &[Piece]> {
    pieces
        .chunk_by(move |a, b| a.rows.end == b.rows.start && key(a) == key(b))
        .filter(|run| !rows_spanned(run).is_empty())
}

pub(super) fn rows_spanned(run: &[Piece]) -> Range<u64> {
    match (run.first(), run.last()) {
        (Some(first), Some(last)) => first.rows.start..last.rows.end,
        _ => 0..0,
    }
}

/// Values of series of one scale.
fn read_mantissas(
    run: &[Piece],
    column: &mut Cursor<DeltaDecoder>,
    out: &mut Vec<f64>,
) -> Result<(), ParquetError> {
    let rows = rows_spanned(run);
    let end = out.len() + (rows.end - rows.start) as usize;
    match run.first().and_then(|p| p.row.scale).unwrap_or(0) {
        0 => column.read(rows, None, &mut |mantissas| {
            out.extend(mantissas.iter().map(|m| *m as f64));
        })?,
        scale => {
            let power = decimal::power(scale);
            column.read(rows, None, &mut |mantissas| {
                out.extend(mantissas.iter().map(|m| *m as f64 / power));
            })?;
        }
    }
    (out.len() == end).then_some(()).ok_or_else(contradiction)
}

fn read_doubles(
    run: &[Piece],
    column: &mut Cursor<DoubleDecoder>,
    out: &mut Vec<f64>,
) -> Result<(), ParquetError> {
    let rows = rows_spanned(run);
    let end = out.len() + (rows.end - rows.start) as usize;
    column.read(rows, None, &mut |doubles| out.extend_from_slice(doubles))?;
    (out.len() == end).then_some(()).ok_or_else(contradiction)
}

/// Merges both columns: each row has a value in exactly one.
fn read_mixed(
    piece: &Piece,
    mantissas: &mut Cursor<DeltaDecoder>,
    doubles: &mut Cursor<DoubleDecoder>,
    out: &mut Vec<f64>,
) -> Result<(), ParquetError> {
    let (mut ms, mut has_mantissa) = (Vec::new(), Vec::new());
    let (mut ds, mut has_double) = (Vec::new(), Vec::new());
    mantissas.read(piece.rows.clone(), Some(&mut has_mantissa), &mut |some| {
        ms.extend_from_slice(some);
    })?;
    doubles.read(piece.rows.clone(), Some(&mut has_double), &mut |some| {
        ds.extend_from_slice(some);
    })?;
    let power = decimal::power(piece.row.scale.unwrap_or(0));
    let (mut ms, mut ds) = (ms.iter(), ds.iter());
    for (mantissa, double) in has_mantissa.iter().zip(&has_double) {
        let value = match (mantissa, double) {
            (true, false) => ms.next().map(|m| *m as f64 / power),
            (false, true) => ds.next().copied(),
            _ => None,
        };
        out.push(value.ok_or_else(contradiction)?);
    }
    Ok(())
}

#[cold]
pub(super) fn contradiction() -> ParquetError {
    ParquetError::General(format!(
        "mantissas and doubles of a series are not as many as {SERIES_FILE} says"
    ))
}
