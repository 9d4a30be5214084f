//! Runs of a window that are taken over together: a log numbers series as they came, a store that is read back as its blocks do, so
//! runs that follow each other in the log may lie in as many pages.

use super::packed::PackedRun;

/// Copies of runs, in the order they were written.
#[derive(Debug, Default)]
pub(crate) struct GatheredRuns {
    runs: Vec<Place>,
    bytes: Vec<u8>,
}

/// A run without its bytes, and where these are.
#[derive(Debug, Clone, Copy)]
struct Place {
    series: u32,
    count: u16,
    first_ms: u32,
    last_ms: u32,
    start: usize,
    len: usize,
}

impl GatheredRuns {
    /// Adds a run.
    pub(crate) fn push(&mut self, run: &PackedRun<'_>) {
        self.runs.push(Place {
            series: run.series,
            count: run.count,
            first_ms: run.first_ms,
            last_ms: run.last_ms,
            start: self.bytes.len(),
            len: run.bytes.len(),
        });
        self.bytes.extend_from_slice(run.bytes);
    }

    /// Bytes of memory, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.len() + self.runs.len() * size_of::<Place>()
    }

    /// All runs by series; those of a series stay in order.
    pub(crate) fn sorted(&mut self) -> impl Iterator<Item = PackedRun<'_>> {
        self.runs.sort_by_key(|run| run.series);
        self.runs.iter().map(|run| PackedRun {
            series: run.series,
            count: run.count,
            first_ms: run.first_ms,
            last_ms: run.last_ms,
            bytes: self
                .bytes
                .get(run.start..run.start + run.len)
                .unwrap_or(&[]),
        })
    }
}
