//! The rows of a ledger as its files have them, one file after the other.

use std::sync::Arc;

use arrow_array::RecordBatch;
use narthex_model::{Error, ErrorKind, Labels, Result, TimeRange, TimestampMs};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::manifest::PartEntry;
use super::{Ledger, part};

/// Whether the rows of a group are wanted.
pub type WantsGroup = Arc<dyn Fn(&Labels) -> Result<bool> + Send + Sync>;

/// Which rows are wanted, and what of them.
#[derive(Clone)]
pub struct Wanted {
    /// Those of slices that begin in it.
    pub span: TimeRange,
    /// Those of groups that it accepts.
    pub group: WantsGroup,
    /// The columns, by name; they come in the order of the files.
    pub columns: Vec<&'static str>,
}

/// The rows of a ledger, in order of its files; within a file by group, then time. A slice of which nothing is known has none.
///
/// Files are read when their rows are asked for. While the owner changes the ledger, each slice is there once, as it was before or as it
/// is after.
pub struct Rows {
    ledger: Ledger,
    wanted: Wanted,
    /// Up to when files were read.
    from: TimestampMs,
    file: Option<ParquetRecordBatchReader>,
}

impl Ledger {
    /// Its rows that are wanted.
    pub fn rows(self, wanted: Wanted) -> Rows {
        Rows {
            from: wanted.span.start,
            ledger: self,
            wanted,
            file: None,
        }
    }
}

impl Rows {
    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.file.as_mut().and_then(Iterator::next) {
                let damaged =
                    |e| Error::corrupt("a file of a ledger cannot be read").with_source(e);
                return batch.map(Some).map_err(damaged);
            }
            self.file = self.next_file()?;
            if self.file.is_none() {
                return Ok(None);
            }
        }
    }

    fn next_file(&mut self) -> Result<Option<ParquetRecordBatchReader>> {
        for _ in 0..super::store::TRIES {
            let rest = TimeRange::new(self.from, self.wanted.span.end);
            let touches = |part: &&PartEntry| part.span().overlaps(&rest);
            let Some(entry) = self.ledger.parts().find(touches).cloned() else {
                return Ok(None);
            };
            match self.ledger.bytes(&entry) {
                Err(e) if e.kind() == ErrorKind::NotFound => match self.ledger.newest()? {
                    Some(newest) => self.ledger = newest,
                    None => return Ok(None),
                },
                bytes => {
                    self.from = entry.end_ms;
                    let file = bytes.and_then(|bytes| part::scan(bytes, rest, &self.wanted));
                    let about = |e: Error| e.context(self.ledger.path(&entry.file).display());
                    return file.map(Some).map_err(about);
                }
            }
        }
        Err(self.ledger.changes_too_fast())
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        let batch = self.next_batch();
        if batch.is_err() {
            // Nothing can be said after a mistake.
            (self.file, self.from) = (None, TimestampMs::MAX);
        }
        batch.transpose()
    }
}
