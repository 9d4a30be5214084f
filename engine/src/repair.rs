//! Makes a damaged store open again: keeps everything that is good, and moves what is not to `damaged/`.
//!
//! Each step can be repeated: what is moved is on disk in its new place before it leaves the old one.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use narthex_model::{Result, TimestampMs};

use crate::block::{BlockMeta, verify_block};
use crate::checkpoint::Checkpoint;
use crate::fs::{self, FileSystem, RealFileSystem};
use crate::layout::{Layout, unavailable};
use crate::load::block_folders;
use crate::lock::FolderLock;
use crate::quarantine::{DamagedBlock, free_place, set_aside};
use crate::tombstone::Tombstones;
use crate::wal::{Lost, SegmentFile, empty_segment, find_damage, list_segments, lost_after};

/// What was damaged, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The damaged file or block.
    pub path: PathBuf,
    /// What is wrong with it.
    pub damage: String,
    /// What was done about it, or would be, and what is lost.
    pub done: String,
    /// Where the damaged bytes are now, if there were any.
    pub moved_to: Option<PathBuf>,
}

/// Repairs the store in folder `path`, which no process has open; with `dry_run` it only says what it would do.
/// Nothing is thrown away: damaged bytes are moved to the folder `damaged` of the store.
///
/// # Errors
/// `NotFound` if there is no store, `Unavailable` if another process has it open or the disk is full or failing; what
/// was repaired until then stays so.
pub fn repair(path: &Path, dry_run: bool) -> Result<Vec<Repair>> {
    let layout = Layout::new(path);
    layout.check_format()?;
    let _lock = if dry_run {
        None
    } else {
        Some(FolderLock::take(&layout)?)
    };
    let mut workshop = Workshop {
        fs: &RealFileSystem,
        layout: &layout,
        dry_run,
        repairs: Vec::new(),
    };
    workshop.blocks()?;
    workshop.segments()?;
    workshop.tombstones()?;
    // Last: it is made from what is left.
    workshop.checkpoint()?;
    Ok(workshop.repairs)
}

struct Workshop<'a> {
    fs: &'a dyn FileSystem,
    layout: &'a Layout,
    dry_run: bool,
    repairs: Vec<Repair>,
}

impl Workshop<'_> {
    fn blocks(&mut self) -> Result<()> {
        for folder in block_folders(self.layout)? {
            let mut checks = verify_block(&folder).into_iter();
            let Some(damage) = checks.find_map(|c| c.damage.map(|d| named(&c.path, &d))) else {
                continue;
            };
            let meta = BlockMeta::read(&folder).ok();
            let lost = meta.as_ref().map_or_else(
                || "its samples are missing until it is restored".to_owned(),
                |m| {
                    let time = between(m.min_time, m.max_time);
                    format!(
                        "{} samples of {} series {time} are missing until it is restored",
                        m.samples, m.series
                    )
                },
            );
            let moved_to = self.move_block(&folder, &damage, meta.as_ref())?;
            self.note(
                folder,
                damage,
                format!("moved the block: {lost}"),
                Some(moved_to),
            );
        }
        Ok(())
    }

    fn segments(&mut self) -> Result<()> {
        let segments = list_segments(&self.layout.wal())?;
        for (i, segment) in segments.iter().enumerate() {
            let Some(damage) = find_damage(segment, i + 1 == segments.len())? else {
                continue;
            };
            let lost = lost_after(segment, damage.offset)?;
            let moved_to = self.cut(segment, damage.offset)?;
            let what = format!("damaged at byte {}: {}", damage.offset, damage.what);
            let done = format!(
                "kept the first {} bytes and moved the other {}: {}",
                damage.offset,
                segment.bytes.saturating_sub(damage.offset),
                describe(&lost)
            );
            self.note(segment.path.clone(), what, done, Some(moved_to));
        }
        Ok(())
    }

    /// Copies the end of a segment from `offset` on to `damaged/`, then cuts it off. A segment of which nothing is left
    /// stays as an empty one, so that its number is not used again.
    fn cut(&self, segment: &SegmentFile, offset: u64) -> Result<PathBuf> {
        let to = self.aside(&segment.path);
        if self.dry_run {
            return Ok(to);
        }
        let cut = || {
            fs::create_folders(self.fs, &self.layout.damaged())?;
            let mut rest = Vec::new();
            let mut file = File::open(&segment.path)?;
            file.seek(SeekFrom::Start(offset))?;
            file.read_to_end(&mut rest)?;
            fs::replace(self.fs, &to, &rest)?;
            let mut file = self.fs.open_append(&segment.path)?;
            file.truncate(offset)?;
            if offset == 0 {
                file.append(&empty_segment(segment.number))?;
            }
            file.sync()
        };
        cut().map_err(|e| unavailable("repair wal segment", &segment.path, e))?;
        Ok(to)
    }

    fn tombstones(&mut self) -> Result<()> {
        let path = self.layout.tombstones();
        if let Err(error) = Tombstones::read(self.layout) {
            let moved_to = self.move_aside(&path)?;
            let done =
                "moved the file: samples deleted lately may be there again, delete them anew";
            self.note(path, error.to_string(), done.to_owned(), Some(moved_to));
        }
        Ok(())
    }

    /// A block says itself through which segment it holds all samples of its span.
    fn checkpoint(&mut self) -> Result<()> {
        let Err(error) = Checkpoint::read(self.layout) else {
            return Ok(());
        };
        let path = self.layout.checkpoint();
        let moved_to = if path.exists() {
            Some(self.move_aside(&path)?)
        } else {
            None
        };
        if !self.dry_run {
            let blocks: Result<Vec<_>> = block_folders(self.layout)?
                .iter()
                .map(|folder| BlockMeta::read(folder))
                .collect();
            let segments = list_segments(&self.layout.wal())?;
            let newest = segments.last().map_or(0, |s| s.number);
            Checkpoint::rebuild(&blocks?, newest).write(self.fs, self.layout)?;
        }
        let done = "made it anew from the blocks: nothing is lost";
        self.note(path, error.to_string(), done.to_owned(), moved_to);
        Ok(())
    }

    fn note(&mut self, path: PathBuf, damage: String, done: String, moved_to: Option<PathBuf>) {
        self.repairs.push(Repair {
            path,
            damage,
            done,
            moved_to,
        });
    }

    /// Moves a file or folder to `damaged/`; says where it is then.
    fn move_aside(&self, from: &Path) -> Result<PathBuf> {
        let to = self.aside(from);
        if self.dry_run {
            return Ok(to);
        }
        let moved = || {
            fs::create_folders(self.fs, &self.layout.damaged())?;
            self.fs.rename(from, &to)?;
            fs::sync_parent(self.fs, &to)?;
            fs::sync_parent(self.fs, from)
        };
        moved().map_err(|e| unavailable("set aside", from, e))?;
        Ok(to)
    }

    /// Moves a block as a running server would; says where it is then.
    fn move_block(&self, folder: &Path, damage: &str, meta: Option<&BlockMeta>) -> Result<PathBuf> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if self.dry_run {
            return Ok(free_place(self.layout, &name));
        }
        let damaged = DamagedBlock {
            block: name.into_owned(),
            time: meta.map(|m| (m.min_time, m.max_time)),
            reason: damage.to_owned(),
            found_ms: crate::clock::system_now_ms(),
        };
        set_aside(self.fs, self.layout, &damaged)
    }

    /// A free name in `damaged/`.
    fn aside(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        free_place(self.layout, &name)
    }
}

fn named(path: &Path, damage: &str) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}: {damage}")
}

fn describe(lost: &Lost) -> String {
    let Some((oldest, newest)) = lost.time else {
        return "no whole record is in them".to_owned();
    };
    let time = between(oldest, newest);
    format!(
        "{} records with {} samples {time} are among them",
        lost.records, lost.samples
    )
}

fn between(oldest: TimestampMs, newest: TimestampMs) -> String {
    format!("from {oldest} to {newest} ms since 1970")
}
