//! Samples of a page that are never touched again: one run of bytes per series, side by side. Snapshots share them.

use std::mem::size_of;

use super::codec::PADDING_BYTES;

/// Samples of some series of a page, by the number the series has there.
#[derive(Debug)]
pub(super) struct Sealed {
    bytes: Box<[u8]>,
    runs: Box<[Run]>,
}

/// The samples of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Where its bytes end; they begin where those of the run before end.
    pub(super) end: u32,
    pub(super) count: u16,
    /// Offsets of the oldest and of the newest sample.
    pub(super) min_ms: u32,
    pub(super) max_ms: u32,
}

impl Run {
    /// Whether it may have samples between two offsets, both included.
    pub(super) fn overlaps(&self, first_ms: u32, last_ms: u32) -> bool {
        self.min_ms <= last_ms && first_ms <= self.max_ms
    }
}

impl Sealed {
    /// `bytes` are those of all `runs`, one after the other.
    pub(super) fn new(mut bytes: Vec<u8>, runs: Vec<Run>) -> Self {
        bytes.reserve_exact(PADDING_BYTES);
        bytes.extend_from_slice(&[0; PADDING_BYTES]);
        Self {
            bytes: bytes.into_boxed_slice(),
            runs: runs.into_boxed_slice(),
        }
    }

    /// The run of series `number`, and the bytes from its start on.
    pub(super) fn run(&self, number: usize) -> Option<(Run, &[u8])> {
        let run = self.runs.get(number).filter(|run| run.count > 0)?;
        Some((*run, self.bytes.get(self.start(number)..)?))
    }

    /// The run of series `number`, and just its bytes.
    pub(super) fn exact(&self, number: usize) -> Option<(Run, &[u8])> {
        let (run, _) = self.run(number)?;
        Some((run, self.bytes.get(self.start(number)..run.end as usize)?))
    }

    /// Where the bytes of run `number` begin.
    fn start(&self, number: usize) -> usize {
        let before = number.checked_sub(1).and_then(|n| self.runs.get(n));
        before.map_or(0, |run| run.end as usize)
    }

    /// Number of runs.
    pub(super) fn len(&self) -> usize {
        self.runs.iter().filter(|run| run.count > 0).count()
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes.len() + self.runs.len() * size_of::<Run>()
    }
}
