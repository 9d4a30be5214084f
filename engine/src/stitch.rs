//! Puts the samples of series together from blocks and head.
//!
//! Nearly always a series' pieces follow each other in time and are copied one after the other, or there is one source
//! alone, whose columns are the answer. Where pieces overlap they are merged; of two samples with the same time the one of
//! the later source stays.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use narthex_model::{Error, ErrorKind, Result, TimeRange};

use crate::SampleColumns;
use crate::block::{DecodedSamples, Wanted};
use crate::conflict::Conflicts;
use crate::head::Window;
use crate::limits::COMPACTION_SAMPLES_AT_ONCE;
use crate::meter::{count, metered};
use crate::mixed::Mixed;
use crate::reader::in_parallel;
use crate::state::State;
use crate::stored_block::StoredBlock;
use crate::tombstone::{Hidden, spans, visible_rows};

/// Reads some series of a state.
pub(crate) struct Stitcher<'a> {
    pub(crate) state: &'a State,
    pub(crate) range: TimeRange,
    pub(crate) ordinals: &'a [u32],
    /// By position; empty if nothing is hidden.
    pub(crate) hidden: &'a [Vec<Hidden>],
    /// What is wanted of floats.
    wanted: Wanted,
    /// Whether only the newest sample of each series is wanted.
    newest: bool,
    /// Whom samples of different sources with the same time and other values are told to.
    conflicts: Option<&'a RefCell<Conflicts>>,
}

/// The samples of one block or window: those of the series at `positions[i]` lie at `ends[i - 1]..ends[i]`, their times from
/// `times_at[i]` on.
#[derive(Default)]
struct Source {
    timestamps: Vec<i64>,
    values: Vec<f64>,
    /// Empty if none is known or wanted.
    starts: Vec<i64>,
    positions: Vec<u32>,
    ends: Vec<usize>,
    times_at: Vec<u32>,
    /// Through which tombstone it is clean.
    clean_through: u64,
}

/// Samples of a block that are to be read.
struct BlockPart<'a> {
    block: &'a StoredBlock,
    positions: Vec<u32>,
    /// The ordinals that their series have in the block.
    locals: Vec<u32>,
    range: TimeRange,
    wanted: Wanted,
}

impl BlockPart<'_> {
    fn read(&self) -> Result<Source> {
        let mut decoded = DecodedSamples::default();
        let (block, locals) = (self.block, &self.locals);
        block.read(locals, self.range, self.wanted, &mut decoded)?;
        let DecodedSamples {
            timestamps,
            values,
            starts,
            counts,
            times_at,
        } = decoded;
        Ok(Source {
            timestamps,
            values,
            starts,
            positions: self.positions.clone(),
            ends: ends(counts),
            times_at,
            clean_through: self.block.clean_through(),
        })
    }
}

/// A piece of a series.
#[derive(Clone, Copy)]
struct Piece<'a> {
    timestamps: &'a [i64],
    values: &'a [f64],
    /// Empty if none is known or wanted.
    starts: &'a [i64],
}

impl<'a> Piece<'a> {
    /// Appends what is left of it outside of `spans`.
    fn visible(self, spans: &[TimeRange], out: &mut Vec<Self>) {
        let rows = visible_rows(self.timestamps, spans);
        out.extend(rows.filter_map(|rows| {
            Some(Self {
                timestamps: self.timestamps.get(rows.clone())?,
                values: self.values.get(rows.clone())?,
                starts: self.starts.get(rows).unwrap_or(&[]),
            })
        }));
    }

    /// Its samples with their starts.
    fn samples(self) -> impl Iterator<Item = (i64, f64, i64)> + 'a {
        let starts = self.starts.iter().copied().chain(std::iter::repeat(0));
        let samples = self.timestamps.iter().zip(self.values).zip(starts);
        samples.map(|((t, value), start)| (*t, *value, start))
    }
}

impl<'a> Stitcher<'a> {
    /// `ordinals` are sorted by labels.
    pub(crate) fn new(state: &'a State, range: TimeRange, ordinals: &'a [u32]) -> Self {
        Self {
            state,
            range,
            ordinals,
            hidden: &[],
            wanted: Wanted::FLOATS,
            newest: false,
            conflicts: None,
        }
    }

    /// Of each series only the newest sample is wanted; others may come with it.
    pub(crate) fn newest(self, newest: bool) -> Self {
        Self { newest, ..self }
    }

    /// Reads what is `wanted` of floats instead of their times and values.
    pub(crate) fn wanting(self, wanted: Wanted) -> Self {
        Self { wanted, ..self }
    }

    /// Tells of samples that others take the place of.
    pub(crate) fn telling(self, conflicts: &'a RefCell<Conflicts>) -> Self {
        Self {
            conflicts: Some(conflicts),
            ..self
        }
    }

    /// Leaves out what is hidden of each series, by position; an empty slice hides nothing.
    pub(crate) fn without(self, hidden: &'a [Vec<Hidden>]) -> Self {
        Self { hidden, ..self }
    }

    /// Reads all of them. A damaged block is left out if `report` says so, else it is an error.
    pub(crate) fn read(
        &self,
        report: impl Fn(&StoredBlock, &Error) -> bool,
    ) -> Result<SampleColumns> {
        let mut sources = Vec::new();
        for (block, source) in self.read_blocks()? {
            match source {
                Err(e) if e.kind() == ErrorKind::Corrupt && report(block, &e) => {}
                source => sources.push(source?),
            }
        }
        let windows = self.state.head_ages();
        sources.extend(windows.map(|(window, clean_through)| Source {
            clean_through,
            ..self.read_window(window)
        }));
        sources.retain(|s| !s.values.is_empty());
        let columns = if sources.len() <= 1 && self.hidden.iter().all(Vec::is_empty) {
            let only = sources.pop().unwrap_or_default();
            only.into_columns(self.ordinals.len())?
        } else {
            self.stitch(&sources)?
        };
        if self.state.has_histograms() {
            return Mixed::new(self.state, self.range).settle(self.ordinals, self.hidden, columns);
        }
        Ok(columns)
    }

    /// Positions of the series in a block that `wanted` chooses, and their ordinals there. Series that are sorted by labels
    /// have increasing ordinals in every block.
    pub(crate) fn locals(
        &self,
        block: &StoredBlock,
        wanted: impl Fn(u32) -> bool,
    ) -> (Vec<u32>, Vec<u32>) {
        let local = |(position, ordinal): (u32, &u32)| {
            let local = block.local(*ordinal).filter(|_| wanted(*ordinal));
            local.map(|local| (position, local))
        };
        (0..).zip(self.ordinals).filter_map(local).unzip()
    }

    /// What the blocks that may have some of the samples say, in order: those that lie elsewhere are waited for side by side.
    fn read_blocks(&self) -> Result<Vec<(&StoredBlock, Result<Source>)>> {
        let part_of = |block: &'a StoredBlock| {
            let (positions, locals) = self.locals(block, |o| block.may_have(o, self.range));
            let (range, wanted) = (self.range, self.wanted);
            let part = BlockPart {
                block,
                positions,
                locals,
                range,
                wanted,
            };
            (!part.locals.is_empty()).then_some(part)
        };
        let blocks = self.state.blocks.iter();
        let parts: Vec<_> = blocks.filter_map(|b| part_of(b)).collect();
        if parts.len() <= 1 || !parts.iter().any(|p| p.block.is_elsewhere()) {
            return Ok(parts.iter().map(|p| (p.block, p.read())).collect());
        }
        let read = in_parallel(&parts, |part| Ok(metered(|| part.read())))?;
        let read = parts.iter().zip(read).map(|(part, (source, counts))| {
            count(counts);
            (part.block, source)
        });
        Ok(read.collect())
    }

    fn read_window(&self, window: &Window) -> Source {
        let mut source = Source::default();
        let mut reader = window.reader();
        let with_starts = self.wanted.starts && !window.extras().has_no_starts();
        // What is hidden may be the newest.
        let newest = self.newest && self.hidden.is_empty();
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        for (position, ordinal) in (0..).zip(self.ordinals) {
            timestamps.clear();
            values.clear();
            if newest {
                reader.read_newest(*ordinal, self.range, &mut timestamps, &mut values);
            } else {
                reader.read(*ordinal, self.range, &mut timestamps, &mut values);
            }
            if timestamps.is_empty() {
                continue;
            }
            if with_starts {
                window.read_starts(*ordinal, &timestamps, &mut source.starts);
            }
            source.push(position, &timestamps, &values);
        }
        source
    }
}

impl Source {
    /// Appends the samples of the series at `position`. Series of one target are often neighbours and have the same times:
    /// those are kept once.
    fn push(&mut self, position: u32, timestamps: &[i64], values: &[f64]) {
        let end = self.timestamps.len();
        let last = self.times_at.last().copied();
        let same = |at: &u32| self.timestamps.get(*at as usize..end) == Some(timestamps);
        let at = last.filter(same).unwrap_or_else(|| {
            self.timestamps.extend_from_slice(timestamps);
            end as u32
        });
        self.values.extend_from_slice(values);
        self.positions.push(position);
        self.ends.push(self.values.len());
        self.times_at.push(at);
    }

    /// The columns of `len` series that have samples in this source alone.
    fn into_columns(self, len: usize) -> Result<SampleColumns> {
        let mut offsets = Vec::with_capacity(len + 1);
        let mut times_at = Vec::with_capacity(len);
        offsets.push(0);
        offset(self.timestamps.len())?;
        for ((position, end), at) in self.positions.iter().zip(&self.ends).zip(&self.times_at) {
            let unchanged = offsets.last().copied().unwrap_or(0);
            offsets.resize(*position as usize + 1, unchanged);
            offsets.push(offset(*end)?);
            times_at.resize(*position as usize, 0);
            times_at.push(at.cast_signed());
        }
        offsets.resize(len + 1, offset(self.values.len())?);
        times_at.resize(len, 0);
        Ok(SampleColumns {
            offsets,
            timestamps: self.timestamps,
            times_at,
            values: self.values,
            starts: self.starts,
        })
    }

    fn piece(&self, at: usize) -> Option<Piece<'_>> {
        let rows = rows_at(&self.ends, at)?;
        let times_at = *self.times_at.get(at)? as usize;
        Some(Piece {
            timestamps: self.timestamps.get(times_at..times_at + rows.len())?,
            values: self.values.get(rows.clone())?,
            starts: self.starts.get(rows).unwrap_or(&[]),
        })
    }
}

/// Where the samples of each series end, from how many it has.
pub(crate) fn ends(counts: Vec<u32>) -> Vec<usize> {
    let running = |end: &mut usize, count: u32| {
        *end += count as usize;
        Some(*end)
    };
    counts.into_iter().scan(0, running).collect()
}

/// The rows of the series at `at`, if each ends where `ends` says and begins where the one before ends.
pub(crate) fn rows_at(ends: &[usize], at: usize) -> Option<Range<usize>> {
    let before = at.checked_sub(1);
    let start = before.map_or(Some(0), |before| ends.get(before).copied())?;
    Some(start..*ends.get(at)?)
}

/// What is hidden of the series at `position`.
pub(crate) fn hidden_of(hidden: &[Vec<Hidden>], position: u32) -> &[Hidden] {
    hidden.get(position as usize).map_or(&[], Vec::as_slice)
}

/// How many series to read at once, from the samples that each has: up to a bound, at least one.
pub(crate) fn series_at_once(samples: impl Iterator<Item = u64>) -> usize {
    let mut held = 0_u64;
    let fits = samples.take_while(|samples| {
        held = held.saturating_add(*samples);
        held <= COMPACTION_SAMPLES_AT_ONCE
    });
    fits.count().max(1)
}

impl Stitcher<'_> {
    fn stitch(&self, sources: &[Source]) -> Result<SampleColumns> {
        let (len, hidden) = (self.ordinals.len(), self.hidden);
        let total = sources.iter().map(|s| s.values.len()).sum();
        let mut out = SampleColumns {
            offsets: Vec::with_capacity(len + 1),
            times_at: Vec::with_capacity(len),
            values: Vec::with_capacity(total),
            ..SampleColumns::default()
        };
        let mut timelines = Timelines::default();
        let has_starts = sources.iter().any(|s| !s.starts.is_empty());
        out.offsets.push(0);
        let mut cursors = vec![0; sources.len()];
        let mut pieces = Vec::new();
        for position in 0..len as u32 {
            pieces.clear();
            for (source, at) in sources.iter().zip(&mut cursors) {
                if source.positions.get(*at) == Some(&position) {
                    let hidden = hidden_of(hidden, position);
                    if let Some(piece) = source.piece(*at) {
                        piece.visible(&spans(hidden, source.clean_through), &mut pieces);
                    }
                    *at += 1;
                }
            }
            let replaced = |t: i64, value: f64| {
                if let (Some(conflicts), Some(ordinal)) =
                    (self.conflicts, self.ordinals.get(position as usize))
                {
                    conflicts.borrow_mut().note(*ordinal, t, value);
                }
            };
            append(&mut pieces, has_starts, &replaced, &mut timelines, &mut out)?;
            out.offsets.push(offset(out.values.len())?);
        }
        Ok(out)
    }
}

/// Where in the columns the times are that series are made of, by where these are in the sources.
#[derive(Default)]
struct Timelines(HashMap<Box<[(usize, usize)]>, i32>);

impl Timelines {
    /// Appends the times of `pieces`, unless those of an earlier series were put together from the same.
    fn append(&mut self, pieces: &[Piece<'_>], out: &mut SampleColumns) -> Result<()> {
        let place = |p: &Piece<'_>| (p.timestamps.as_ptr() as usize, p.timestamps.len());
        let places: Box<[_]> = pieces.iter().map(place).collect();
        let at = match self.0.entry(places) {
            Entry::Occupied(at) => *at.get(),
            Entry::Vacant(vacant) => {
                let at = *vacant.insert(offset(out.timestamps.len())?);
                let times = pieces.iter().map(|p| p.timestamps);
                times.for_each(|times| out.timestamps.extend_from_slice(times));
                at
            }
        };
        out.times_at.push(at);
        Ok(())
    }
}

/// Appends the samples of one series; `pieces` come in the order of their sources. Tells `replaced` of values that take the
/// place of others.
fn append(
    pieces: &mut [Piece<'_>],
    has_starts: bool,
    replaced: &dyn Fn(i64, f64),
    timelines: &mut Timelines,
    out: &mut SampleColumns,
) -> Result<()> {
    let disjoint =
        |p: &[Piece<'_>]| p.is_sorted_by(|a, b| a.timestamps.last() < b.timestamps.first());
    if !disjoint(pieces) {
        let mut by_time = pieces.to_vec();
        by_time.sort_by_key(|p| p.timestamps.first().copied());
        if !disjoint(&by_time) {
            return merge(pieces, has_starts, replaced, out);
        }
        pieces.copy_from_slice(&by_time);
    }
    timelines.append(pieces, out)?;
    for piece in pieces {
        out.values.extend_from_slice(piece.values);
        if has_starts {
            out.starts.extend_from_slice(piece.starts);
            out.starts.resize(out.values.len(), 0);
        }
    }
    Ok(())
}

fn merge(
    pieces: &[Piece<'_>],
    has_starts: bool,
    replaced: &dyn Fn(i64, f64),
    out: &mut SampleColumns,
) -> Result<()> {
    out.times_at.push(offset(out.timestamps.len())?);
    let mut samples: Vec<_> = pieces.iter().flat_map(|p| p.samples()).collect();
    // Stable: of equal times the later source comes last.
    samples.sort_by_key(|s| s.0);
    let mut rest = samples.iter().peekable();
    while let Some((t, value, start)) = rest.next() {
        let next = rest.peek().filter(|next| next.0 == *t);
        if let Some((_, later, _)) = next {
            if later.to_bits() != value.to_bits() {
                replaced(*t, *later);
            }
        } else {
            out.timestamps.push(*t);
            out.values.push(*value);
            if has_starts {
                out.starts.push(*start);
            }
        }
    }
    Ok(())
}

fn offset(samples: usize) -> Result<i32> {
    i32::try_from(samples).map_err(|_| {
        Error::limit("more than 2147483647 samples are read at once: read fewer series")
    })
}
