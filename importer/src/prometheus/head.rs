//! The newest samples of a Prometheus: those that lie in its write-ahead logs alone.
//!
//! `wal` holds what came in order of time, `wbl` what came late. Files of `chunks_head` are left aside: Prometheus keeps
//! them to start sooner, and all their samples are in the logs, too.

use std::path::{Path, PathBuf};

use narthex_engine::{Engine, ImportLog};
use narthex_formats::tsdb::{WAL_PAGE_BYTES, WalPages, read_wal_record};
use narthex_model::{ErrorKind, Result, TimeRange, TimestampMs};

use super::folder::FoundBlock;
use super::head_sinks::{Deletions, Writer};
use crate::piece_file::{PieceFile, read_error};
use crate::{Progress, Report};

/// A file of a log.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Whether its samples came late.
    is_late: bool,
    /// Whether it is the newest of its log, which may end anywhere.
    is_last: bool,
}

/// The files of the logs in the data folder `source`, in the order they are read; none if there is no log.
///
/// # Errors
/// `Unavailable` if a folder cannot be listed.
pub fn find_segments(source: &Path) -> Result<Vec<Segment>> {
    let wal = source.join("wal");
    let mut segments = Vec::new();
    let mut first = 0;
    if let Some((number, checkpoint)) = last_checkpoint(&wal)? {
        segments.extend(numbered(&checkpoint)?);
        first = number + 1;
    }
    segments.extend(
        numbered(&wal)?
            .into_iter()
            .filter(|(number, _)| *number >= first),
    );
    let in_order = describe(segments, false)?;
    let late = describe(numbered(&source.join("wbl"))?, true)?;
    Ok([in_order, late].concat())
}

/// The checkpoint that stands for all segments up to its number.
fn last_checkpoint(wal: &Path) -> Result<Option<(u64, PathBuf)>> {
    let entries = list(wal)?.into_iter().filter_map(|path| {
        let number = path.file_name()?.to_str()?.strip_prefix("checkpoint.")?;
        Some((number.parse().ok()?, path))
    });
    Ok(entries.max())
}

/// The files of a folder that are named by numbers, in their order.
fn numbered(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let files = list(folder)?.into_iter().filter_map(|path| {
        let number = path.file_name()?.to_str()?.parse().ok()?;
        Some((number, path))
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    Ok(files)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(folder).map_err(|e| read_error(folder, e))?;
    let paths = entries.map(|e| e.map(|e| e.path()));
    paths
        .collect::<Result<_, _>>()
        .map_err(|e| read_error(folder, e))
}

fn describe(files: Vec<(u64, PathBuf)>, is_late: bool) -> Result<Vec<Segment>> {
    let count = files.len();
    let segment = |(at, (_, path)): (usize, (u64, PathBuf))| {
        let bytes = PieceFile::open(&path)?.len();
        Ok(Segment {
            path,
            bytes,
            is_late,
            is_last: at + 1 == count,
        })
    };
    files.into_iter().enumerate().map(segment).collect()
}

/// Writes the samples of the logs through the write-ahead log of `engine`, which must accept samples of any age.
///
/// # Errors
/// `Corrupt` if a log is damaged before its end, `Unavailable` if a file cannot be read; what the engine says.
pub fn run_head(
    engine: &Engine,
    log: &mut ImportLog<'_>,
    source: &Path,
    blocks: &[FoundBlock],
    progress: &dyn Progress,
) -> Result<Report> {
    let segments = find_segments(source)?;
    // They are read twice: what was deleted is said after it.
    progress.begin(2 * segments.iter().map(|s| s.bytes).sum::<u64>());
    let mut reached = 0;
    let mut deletions = Deletions::default();
    for segment in &segments {
        let mut each = |record: &[u8], _: TimeRange| read_wal_record(record, &mut deletions);
        walk(segment, &mut each)?;
        reached += segment.bytes;
        progress.reach(reached);
    }
    let (mut writer, mut notes) = (Writer::new(engine, deletions), Vec::new());
    for segment in &segments {
        writer.accept_from(if segment.is_late {
            TimestampMs::MIN
        } else {
            end_of(blocks)
        });
        notes.extend(import_segment(log, segment, &mut writer)?);
        reached += segment.bytes;
        progress.reach(reached);
    }
    let mut report = writer.finish();
    report.notes.extend(notes);
    Ok(report)
}

/// What came in order and is older was cut into blocks already. Prometheus passes it by as well.
fn end_of(blocks: &[FoundBlock]) -> TimestampMs {
    let cut = blocks.iter().filter(|b| !b.meta.is_out_of_order);
    cut.map(|b| b.meta.range.end)
        .max()
        .unwrap_or(TimestampMs::MIN)
}

/// Writes what an earlier run has not; gives a note if the segment is torn.
fn import_segment(
    log: &mut ImportLog<'_>,
    segment: &Segment,
    writer: &mut Writer<'_>,
) -> Result<Option<String>> {
    let name = name_of(segment)?;
    let mut end = 0;
    let note = walk(segment, &mut |record, place| {
        writer.skips = log.covers(&name, place);
        end = place.end;
        read_wal_record(record, writer)?;
        writer.write_if_full()
    })?;
    writer.write()?;
    log.add([(name, TimeRange::new(0, end))])?;
    Ok(note)
}

/// What the log calls a segment: its content decides, not its place, since another Prometheus may have lain there.
fn name_of(segment: &Segment) -> Result<String> {
    let mut file = PieceFile::open(&segment.path)?;
    let page = file.bytes(0, WAL_PAGE_BYTES)?;
    let sum = crc32c::crc32c(page);
    let name = segment.path.file_name().unwrap_or_default();
    Ok(format!("prometheus-wal/{}-{sum:08x}", name.display()))
}

/// Gives the records of a segment to `each`, with the bytes from the start of the file to the end of their page. A newest
/// segment may end anywhere; the note says so.
fn walk(
    segment: &Segment,
    each: &mut dyn FnMut(&[u8], TimeRange) -> Result<()>,
) -> Result<Option<String>> {
    let mut file = PieceFile::open(&segment.path)?;
    let (mut pages, mut at) = (WalPages::default(), 0_u64);
    // What the engine says is no damage.
    let mut failed = None;
    while at < segment.bytes {
        let page = file.bytes(at, WAL_PAGE_BYTES)?;
        let end = at + page.len() as u64;
        let place = TimeRange::new(0, i64::try_from(end).unwrap_or(i64::MAX));
        let read = pages.page(page, &mut |record| each(record, place));
        match read {
            Ok(()) => at = end,
            Err(error) => {
                failed = Some(file.in_file(at)(error));
                break;
            }
        }
    }
    match failed {
        Some(error) if segment.is_last && error.kind() == ErrorKind::Corrupt => Ok(Some(format!(
            "the log ends in the middle of a record, as after a crash: {error}"
        ))),
        Some(error) => Err(error),
        None => Ok(None),
    }
}
