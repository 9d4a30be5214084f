//! Blocks that turned out to be damaged: known to queries at once, so that their answers say what they may lack.
//!
//! Whoever meets the damage reports it: opening the store, a query, a merge, the scrub. From then on the block is passed by.
//! The compaction thread takes it out of the state and sets its folder aside in `damaged/`.

mod folder;

use narthex_model::{Error, TimeRange, TimestampMs};
use parking_lot::Mutex;

use crate::block::BlockMeta;

pub(crate) use folder::{free_place, list, set_aside};

/// A damaged block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedBlock {
    /// Its name.
    pub block: String,
    /// Times of its oldest and its newest sample, both included, in milliseconds since the epoch; `None` if that cannot be
    /// read any more.
    pub time: Option<(TimestampMs, TimestampMs)>,
    /// What is wrong.
    pub reason: String,
    /// When it was noticed, in milliseconds since the epoch.
    pub found_ms: TimestampMs,
}

/// All damaged blocks that are known.
#[derive(Debug)]
pub(crate) struct Quarantine {
    now: fn() -> TimestampMs,
    blocks: Mutex<Vec<DamagedBlock>>,
}

impl DamagedBlock {
    /// What an answer that may lack its samples has to say.
    pub fn warning(&self) -> String {
        let time = match self.time {
            Some((min, max)) => format!("samples from {} to {}", text(min), text(max)),
            None => "samples of a time that is not known any more".to_owned(),
        };
        format!(
            "block {} is damaged, {time} may be missing: run narthex repair, or restore the block from a backup",
            self.block
        )
    }

    fn concerns(&self, range: TimeRange) -> bool {
        let time = self.time.map(|(min, max)| TimeRange::inclusive(min, max));
        time.is_none_or(|time| time.overlaps(&range))
    }
}

impl Quarantine {
    /// None yet. `now` is the clock.
    pub(crate) fn new(now: fn() -> TimestampMs) -> Self {
        Self {
            now,
            blocks: Mutex::default(),
        }
    }

    /// Notes a damaged block, once.
    pub(crate) fn report(&self, damaged: DamagedBlock) {
        let mut blocks = self.blocks.lock();
        if blocks.iter().any(|b| b.block == damaged.block) {
            return;
        }
        let DamagedBlock { block, reason, .. } = &damaged;
        tracing::error!(
            block,
            reason,
            "a block is damaged; queries go on without it"
        );
        blocks.push(damaged);
    }

    /// Notes that block `name` is damaged, of which `meta` is known, if that much can be read.
    pub(crate) fn report_error(&self, name: &str, meta: Option<&BlockMeta>, error: &Error) {
        self.report(DamagedBlock {
            block: name.to_owned(),
            time: meta.map(|m| (m.min_time, m.max_time)),
            reason: error.to_string(),
            found_ms: (self.now)(),
        });
    }

    /// What is known about block `name`, if it is damaged.
    pub(crate) fn find(&self, name: &str) -> Option<DamagedBlock> {
        self.blocks.lock().iter().find(|b| b.block == name).cloned()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<DamagedBlock> {
        self.blocks.lock().clone()
    }

    /// Replaces what is known of those that were set aside: someone may have taken care of them.
    pub(crate) fn refresh(&self, set_aside: Vec<DamagedBlock>, still_there: impl Fn(&str) -> bool) {
        let mut blocks = self.blocks.lock();
        blocks.retain(|b| still_there(&b.block));
        for damaged in set_aside {
            if !blocks.iter().any(|b| b.block == damaged.block) {
                blocks.push(damaged);
            }
        }
    }

    /// Warnings for an answer that was looked for in `range`.
    pub(crate) fn warnings(&self, range: TimeRange) -> Vec<String> {
        let blocks = self.blocks.lock();
        let concerned = blocks.iter().filter(|b| b.concerns(range));
        concerned.map(DamagedBlock::warning).collect()
    }
}

/// RFC 3339, or the plain number for years that it cannot say.
fn text(ms: TimestampMs) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(time) => time.to_string(),
        Err(_) => ms.to_string(),
    }
}
