//! Series of several blocks in one order: a series that is in more than one comes once.

use narthex_model::{LabelsRef, Result, TimeRange};

use super::block::Block;
use super::cursor::Cursor;
use super::samples::Samples;

/// Walks over blocks side by side.
pub(super) struct Merge<'a> {
    /// By rank: of two samples of the same time, that of the later block counts. None has ended.
    cursors: Vec<Cursor<'a>>,
    /// Labels of the series that comes next, packed.
    labels: Vec<u8>,
}

impl<'a> Merge<'a> {
    /// The place before the first series of `blocks`, which come by rank.
    pub(super) fn new(blocks: &'a [Block]) -> Result<Self> {
        let mut cursors = Vec::new();
        for block in blocks {
            let mut cursor = Cursor::new(block)?;
            if cursor.advance()? {
                cursors.push(cursor);
            }
        }
        Ok(Self {
            cursors,
            labels: Vec::new(),
        })
    }

    /// Reads the next series: its samples in `range`, possibly none, into `out`; gives its labels, `None` after the last.
    ///
    /// # Errors
    /// What damage there is.
    pub(super) fn next(
        &mut self,
        range: TimeRange,
        out: &mut Samples,
    ) -> Result<Option<LabelsRef<'_>>> {
        let Some(first) = self.cursors.iter().map(Cursor::labels).min() else {
            return Ok(None);
        };
        self.labels.clear();
        self.labels.extend_from_slice(first.as_bytes());
        out.clear();
        let mut at = 0;
        while let Some(cursor) = self.cursors.get_mut(at) {
            if cursor.labels().as_bytes() != self.labels {
                at += 1;
                continue;
            }
            cursor.read(range, out)?;
            if cursor.advance()? {
                at += 1;
            } else {
                self.cursors.remove(at);
            }
        }
        out.sort();
        Ok(Some(LabelsRef::from_canonical(&self.labels)))
    }
}
