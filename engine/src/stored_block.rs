//! A block and where the series of the table lie in it.

use std::path::{Path, PathBuf};

use narthex_model::{Labels, Result, TimeRange, TimestampMs};
use parking_lot::Mutex;

use crate::block::{Block, BlockMeta, DecodedHistograms, DecodedSamples, PageCounts, Wanted};
use crate::exemplars::StoredExemplar;
use crate::metadata::KnownMetadata;
use crate::series_table::{Pin, SeriesTable};

/// In place of a local ordinal: the series is not in the block.
const ABSENT: u32 = u32::MAX;

/// An open block with a dense map from series ordinals to those of the block.
pub(crate) struct StoredBlock {
    block: Block,
    path: PathBuf,
    /// Lowest series ordinal in the block.
    base: u32,
    locals: Vec<u32>,
    /// Whether to read it is to wait for another machine.
    is_elsewhere: bool,
    /// Until the block can be seen, no series leaves: its own might.
    pin: Mutex<Option<Pin>>,
}

impl StoredBlock {
    /// Opens the block in folder `path` and adds its series to `series`. Gives their ordinals, too.
    pub(crate) fn open(path: &Path, series: &SeriesTable) -> Result<(Self, Vec<u32>)> {
        let (block, labels) = Block::open(path)?;
        Self::new(path, block, &labels, series)
    }

    /// As [`StoredBlock::open`] for a block that is open already.
    pub(crate) fn new(
        path: &Path,
        block: Block,
        labels: &[Labels],
        series: &SeriesTable,
    ) -> Result<(Self, Vec<u32>)> {
        let pin = Mutex::new(Some(series.pin()));
        let ordinals = series.resolve_all(labels)?;
        let base = ordinals.iter().copied().min().unwrap_or(0);
        let mut locals = Vec::new();
        for (local, ordinal) in (0..).zip(&ordinals) {
            let at = (ordinal - base) as usize;
            if locals.len() <= at {
                locals.resize(at + 1, ABSENT);
            }
            if let Some(slot) = locals.get_mut(at) {
                *slot = local;
            }
        }
        locals.shrink_to_fit();
        Ok((
            Self {
                block,
                path: path.to_owned(),
                base,
                locals,
                is_elsewhere: false,
                pin,
            },
            ordinals,
        ))
    }

    /// The same block, which does not lie on this machine.
    pub(crate) fn elsewhere(self) -> Self {
        Self {
            is_elsewhere: true,
            ..self
        }
    }

    /// Whether to read it is to wait for another machine.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// Lets series leave again: the block is where everybody sees it.
    pub(crate) fn release_series(&self) {
        *self.pin.lock() = None;
    }

    /// Ordinals of its series, increasing.
    pub(crate) fn ordinals(&self) -> impl Iterator<Item = u32> {
        let known = (self.base..).zip(&self.locals);
        known
            .filter(|(_, local)| **local != ABSENT)
            .map(|(ordinal, _)| ordinal)
    }

    pub(crate) fn meta(&self) -> &BlockMeta {
        self.block.meta()
    }

    /// Its name.
    pub(crate) fn name(&self) -> String {
        self.meta().ulid.to_string()
    }

    /// Blocks in this order: of two with the same sample, the later one has the last word.
    pub(crate) fn rank(&self) -> impl Ord + use<> {
        (
            self.meta().source.wal_through.unwrap_or(0),
            self.meta().ulid,
        )
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The window it was cut or merged for.
    pub(crate) fn span(&self) -> TimeRange {
        TimeRange::new(self.meta().span.start, self.meta().span.end)
    }

    /// Bytes of its files.
    pub(crate) fn bytes(&self) -> u64 {
        self.meta().files.values().map(|f| f.bytes).sum()
    }

    /// From the oldest to the newest sample; all of its span if it has exemplars, which may lie outside of these.
    pub(crate) fn time_range(&self) -> TimeRange {
        if self.meta().exemplars > 0 {
            return self.span();
        }
        TimeRange::inclusive(self.meta().min_time, self.meta().max_time)
    }

    /// The ordinal that series `ordinal` has in the block, if it is there.
    pub(crate) fn local(&self, ordinal: u32) -> Option<u32> {
        let at = ordinal.checked_sub(self.base)? as usize;
        self.locals
            .get(at)
            .copied()
            .filter(|local| *local != ABSENT)
    }

    /// Time of the newest sample of a series, by the ordinal it has in the block.
    pub(crate) fn newest(&self, local: u32) -> i64 {
        self.block.row(local).max_time
    }

    /// A number that series `ordinal` shares with those of the block that have the same times, if it is there.
    pub(crate) fn timeline(&self, ordinal: u32) -> Option<u32> {
        Some(self.block.row(self.local(ordinal)?).times_of)
    }

    /// Whether series `ordinal` may have samples in `range`.
    pub(crate) fn may_have(&self, ordinal: u32, range: TimeRange) -> bool {
        self.local(ordinal).is_some_and(|local| {
            let row = self.block.row(local);
            row.min_time < range.end && range.start <= row.max_time
        })
    }

    /// Through which tombstone its samples are clean.
    pub(crate) fn clean_through(&self) -> u64 {
        self.meta().source.deletes_through
    }

    /// From the oldest to the newest sample of series `ordinal`, if it is in the block.
    pub(crate) fn bounds_of(&self, ordinal: u32) -> Option<TimeRange> {
        let row = self.block.row(self.local(ordinal)?);
        Some(TimeRange::inclusive(row.min_time, row.max_time))
    }

    /// About how many samples of series `ordinal` are older than `t`, as if they were spread evenly; none only if none are.
    pub(crate) fn about_before(&self, ordinal: u32, t: TimestampMs) -> u64 {
        let Some(local) = self.local(ordinal) else {
            return 0;
        };
        let row = self.block.row(local);
        let span = row.max_time.saturating_sub(row.min_time).saturating_add(1);
        let before = t.saturating_sub(row.min_time).clamp(0, span);
        let histograms = self.block.histogram_span(local).map_or(0, |s| s.row_count);
        let rows = i128::from(row.row_count) + i128::from(histograms);
        let rows = rows * i128::from(before);
        let about = (rows + i128::from(span) - 1) / i128::from(span.max(1));
        u64::try_from(about).unwrap_or(0)
    }

    /// At most this many histograms of series `ordinal` lie in `range`.
    pub(crate) fn histograms_max(&self, ordinal: u32, range: TimeRange) -> u64 {
        if self.meta().histograms == 0 {
            return 0;
        }
        let local = self.local(ordinal);
        let span = local.and_then(|local| self.block.histogram_span(local));
        span.filter(|s| s.min_time < range.end && range.start <= s.max_time)
            .map_or(0, |s| u64::from(s.row_count))
    }

    /// Whether floats of series `ordinal` say since when they count.
    pub(crate) fn has_starts(&self, ordinal: u32) -> bool {
        let local = self.local(ordinal);
        self.meta().start_timestamps > 0 && local.is_some_and(|local| self.block.has_starts(local))
    }

    /// Decodes the histograms of series, by strictly increasing ordinals of the block, that lie in `range`; each has some.
    pub(crate) fn read_histograms(
        &self,
        locals: &[u32],
        range: TimeRange,
        out: &mut DecodedHistograms,
    ) -> Result<()> {
        self.named(self.block.read_histograms(locals, range, out))
    }

    /// Gives the exemplars in `range` to `take`, sorted by time.
    pub(crate) fn read_exemplars(
        &self,
        range: TimeRange,
        take: impl FnMut(StoredExemplar),
    ) -> Result<()> {
        self.named(self.block.read_exemplars(range, take))
    }

    /// What its metrics say of themselves.
    pub(crate) fn read_metadata(&self) -> Result<Vec<KnownMetadata>> {
        self.named(self.block.read_metadata())
    }

    /// At most this many floats of series `ordinal` lie in `range`.
    pub(crate) fn count_max(&self, ordinal: u32, range: TimeRange) -> u64 {
        let rows = self
            .local(ordinal)
            .map(|local| self.block.rows_in(local, range));
        rows.map_or(0, |rows| rows.end.saturating_sub(rows.start))
    }

    /// What decoding series, by strictly increasing ordinals of the block, will take; see [`Block::estimate`].
    pub(crate) fn estimate(
        &self,
        locals: &[u32],
        range: TimeRange,
        wanted: Wanted,
        groups: &mut Vec<usize>,
    ) -> Result<PageCounts> {
        self.block.estimate(locals, range, wanted, groups)
    }

    /// Decodes the `wanted` of the floats of series, by strictly increasing ordinals of the block, that lie in `range`; see
    /// [`Block::read_wanted`].
    pub(crate) fn read(
        &self,
        locals: &[u32],
        range: TimeRange,
        wanted: Wanted,
        out: &mut DecodedSamples,
    ) -> Result<()> {
        self.named(self.block.read_wanted(locals, range, wanted, out))
    }

    /// Errors say which block they are of.
    fn named<T>(&self, read: Result<T>) -> Result<T> {
        read.map_err(|e| e.context(format!("block {}", self.path.display())))
    }
}
