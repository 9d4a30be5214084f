//! Checks a block byte by byte against its checksums, then whether its rows make sense together.

use std::path::{Path, PathBuf};

use narthex_model::{Result, TimeRange};

use super::exemplars_file;
use super::files::{self, ReadFile};
use super::folder::{BlockFolder, LocalFolder};
use super::histograms_reader::DecodedHistograms;
use super::meta::{BlockMeta, FileMeta, META_FILE};
use super::read::{Block, DecodedSamples};
use super::schema::{OPTIONAL_FILES, SAMPLES_FILE, SERIES_FILE};
use super::timelines::Timelines;

/// How much of a file is read at once.
const READ_BYTES: u64 = 1 << 20;
/// How many samples are decoded at once.
const SAMPLES_AT_ONCE: u64 = 1 << 20;

/// What was found about one file of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCheck {
    /// The file.
    pub path: PathBuf,
    /// Its size as far as it could be read.
    pub bytes: u64,
    /// What is wrong with it, if anything.
    pub damage: Option<String>,
}

/// Reads every file of the block in folder `dir` and says of each whether it is whole. Where all are, every sample is
/// decoded and the order of rows and all counts are checked too.
pub fn verify_block(dir: &Path) -> Vec<FileCheck> {
    verify_block_in(&LocalFolder::new(dir))
}

/// As [`verify_block`], wherever the block is.
pub fn verify_block_in(folder: &dyn BlockFolder) -> Vec<FileCheck> {
    let dir = folder.path();
    let meta_path = dir.join(META_FILE);
    let meta_bytes = ReadFile::open(folder, META_FILE).map_or(0, |file| file.len());
    let meta = match BlockMeta::read_in(folder).and_then(|meta| named_as_its_folder(dir, meta)) {
        Ok(meta) => meta,
        Err(e) => {
            return vec![FileCheck {
                path: meta_path,
                bytes: meta_bytes,
                damage: Some(e.to_string()),
            }];
        }
    };
    let mut checks = vec![FileCheck {
        path: meta_path,
        bytes: meta_bytes,
        damage: None,
    }];
    let optional = OPTIONAL_FILES.into_iter();
    let optional = optional.filter(|name| meta.files.contains_key(*name));
    for name in [SERIES_FILE, SAMPLES_FILE].into_iter().chain(optional) {
        let path = dir.join(name);
        let (bytes, damage) = match meta
            .file(folder, name)
            .and_then(|expected| check_file(folder, name, expected, &mut |_| true))
        {
            Ok(bytes) => (bytes, None),
            Err(e) => (0, Some(e.to_string())),
        };
        checks.push(FileCheck {
            path,
            bytes,
            damage,
        });
    }
    let whole = checks.iter().all(|check| check.damage.is_none());
    if whole && let Err(e) = check_rows(folder) {
        let blamed =
            |check: &&mut FileCheck| e.to_string().contains(&*check.path.to_string_lossy());
        if let Some(check) = checks.iter_mut().rev().find(blamed) {
            check.damage = Some(e.to_string());
        } else if let Some(check) = checks.last_mut() {
            check.damage = Some(e.to_string());
        }
    }
    checks
}

fn named_as_its_folder(dir: &Path, meta: BlockMeta) -> Result<BlockMeta> {
    if dir
        .file_stem()
        .is_some_and(|name| name.to_str() == Some(&meta.ulid.to_string()))
    {
        return Ok(meta);
    }
    Err(files::damaged(
        &dir.join(META_FILE),
        format!("it describes block {}", meta.ulid),
    ))
}

/// Reads every file of the block in folder `dir` and compares it with its checksum; decodes nothing. `pace` hears how many
/// bytes were read since the last time, and says whether to go on. Gives the number of bytes read.
///
/// # Errors
/// `Corrupt` if a file is damaged or missing, `Unavailable` if one cannot be read, `NotFound` if the block is gone.
pub(crate) fn check_block_bytes(dir: &Path, pace: &mut dyn FnMut(u64) -> bool) -> Result<u64> {
    let folder = LocalFolder::new(dir);
    let meta = named_as_its_folder(dir, BlockMeta::read_in(&folder)?)?;
    let mut bytes = 0;
    for (name, expected) in &meta.files {
        bytes += check_file(&folder, name, expected, pace)?;
    }
    Ok(bytes)
}

/// Gives the number of bytes read; all of the file, unless `pace` says to stop.
fn check_file(
    folder: &dyn BlockFolder,
    name: &str,
    expected: &FileMeta,
    pace: &mut dyn FnMut(u64) -> bool,
) -> Result<u64> {
    let file = ReadFile::open(folder, name)?;
    let path = file.path();
    if file.len() != expected.bytes {
        return Err(files::damaged(
            path,
            format!("it has {} bytes instead of {}", file.len(), expected.bytes),
        ));
    }
    let mut crc32c = 0;
    let mut offset = 0;
    while offset < file.len() {
        let bytes = file.read_at(offset, READ_BYTES.min(file.len() - offset))?;
        crc32c = crc32c::crc32c_append(crc32c, &bytes);
        offset += bytes.len() as u64;
        if !pace(bytes.len() as u64) {
            return Ok(offset);
        }
    }
    if crc32c != expected.crc32c {
        return Err(files::damaged(path, "its checksum does not match"));
    }
    Ok(offset)
}

/// Decodes all samples: checksums say that the bytes are those written, this says that the right ones were.
fn check_rows(folder: &dyn BlockFolder) -> Result<()> {
    let (block, _) = Block::open_in(folder)?;
    let samples_path = folder.path().join(SAMPLES_FILE);
    let mut decoded = DecodedSamples::default();
    let (mut min_time, mut max_time) = (i64::MAX, i64::MIN);
    let mut timelines = Timelines::new();
    let (mut first, mut starts) = (0, 0);
    while first < block.series_count() {
        let ordinals = next_series(&block, first);
        decoded.timestamps.clear();
        decoded.values.clear();
        decoded.starts.clear();
        decoded.counts.clear();
        decoded.times_at.clear();
        block.read_rows(&ordinals, &mut decoded)?;
        starts += decoded.starts.iter().filter(|s| **s != 0).count() as u64;
        let mut rest = decoded.timestamps.as_slice();
        for (ordinal, count) in ordinals.iter().zip(&decoded.counts) {
            let (times, later) = rest
                .split_at_checked(*count as usize)
                .unwrap_or((rest, &[]));
            let row = block.row(*ordinal);
            let histograms = check_histograms(&block, *ordinal, times)?;
            let all = || times.iter().chain(&histograms);
            let bounds = all().min().zip(all().max());
            let sound =
                times.is_sorted_by(|a, b| a < b) && bounds == Some((&row.min_time, &row.max_time));
            if !sound || *count != row.row_count {
                return Err(files::damaged(
                    &samples_path,
                    format!("times of series {ordinal} are out of order"),
                ));
            }
            let same = timelines.first_with(*ordinal, times);
            if row.times_of != *ordinal && row.times_of != same {
                let other = row.times_of;
                return Err(files::damaged(
                    &samples_path,
                    format!("series {ordinal} does not have the times of series {other}"),
                ));
            }
            min_time = min_time.min(row.min_time);
            max_time = max_time.max(row.max_time);
            rest = later;
        }
        first += ordinals.len();
    }
    if starts != block.meta().start_timestamps {
        return Err(files::damaged(
            &samples_path,
            format!("it has {starts} start timestamps, not as many as {META_FILE} says"),
        ));
    }
    check_histogram_series(&block)?;
    if let Some(exemplars) = block.exemplars_file() {
        exemplars_file::check(exemplars, folder)?;
    }
    block.read_metadata()?;
    if block.series_count() > 0
        && (min_time, max_time) != (block.meta().min_time, block.meta().max_time)
    {
        return Err(files::damaged(
            &samples_path,
            format!("its times are not those that {META_FILE} says"),
        ));
    }
    Ok(())
}

/// Decodes the histograms of a series and gives their times; none may be that of a float.
fn check_histograms(block: &Block, ordinal: u32, floats: &[i64]) -> Result<Vec<i64>> {
    let (Some(span), Some(file)) = (block.histogram_span(ordinal), block.histograms_file()) else {
        return Ok(Vec::new());
    };
    let mut decoded = DecodedHistograms::default();
    block.read_histograms(&[ordinal], TimeRange::ALL, &mut decoded)?;
    let times = decoded.rows.timestamps;
    let bounds = times.first().zip(times.last());
    let sound = bounds == Some((&span.min_time, &span.max_time))
        && times.iter().all(|t| floats.binary_search(t).is_err());
    if !sound {
        let what = format!("times of series {ordinal} are not those that {SERIES_FILE} says");
        return Err(files::damaged(file.path(), what));
    }
    Ok(times)
}

/// Whether each row of the histograms names the series it belongs to.
fn check_histogram_series(block: &Block) -> Result<()> {
    let Some(file) = block.histograms_file() else {
        return Ok(());
    };
    let spans = block.histogram_spans().iter();
    let expected = spans.flat_map(|s| (0..s.row_count).map(|_| s.ordinal.cast_signed()));
    if file.series()?.into_iter().eq(expected) {
        return Ok(());
    }
    Err(files::damaged(file.path(), "rows name the wrong series"))
}

/// At least one series from `first` on, and not many samples.
fn next_series(block: &Block, first: usize) -> Vec<u32> {
    let mut samples = 0;
    let rows = block.rows().iter().enumerate().skip(first);
    rows.take_while(|(_, row)| {
        let take = samples < SAMPLES_AT_ONCE;
        samples += u64::from(row.row_count);
        take
    })
    .map(|(ordinal, _)| ordinal as u32)
    .collect()
}
