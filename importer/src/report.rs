//! What an import did.

use narthex_model::Receipt;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Samples written, those of spans that an earlier run had imported not counted.
    pub samples: u64,
    /// Samples that the store refused.
    pub refused: u64,
    /// Blocks written; samples that came through the write-ahead log are cut into blocks later.
    pub blocks: u64,
    /// Spans of time that an earlier run had imported already.
    pub spans_skipped: u64,
    /// What a person should know: a sentence each.
    pub notes: Vec<String>,
}

impl Report {
    /// Adds what another part of the import did.
    pub fn add(&mut self, other: Self) {
        self.samples += other.samples;
        self.refused += other.refused;
        self.blocks += other.blocks;
        self.spans_skipped += other.spans_skipped;
        self.notes.extend(other.notes);
    }
}

/// What became of batches that were written through the engine.
#[derive(Debug, Default)]
pub struct Written(Receipt);

impl Written {
    /// Adds what became of another batch.
    pub fn add(&mut self, receipt: Receipt) {
        self.0.stored += receipt.stored;
        self.0.rejected += receipt.rejected;
        let room = Receipt::EXAMPLES_MAX.saturating_sub(self.0.examples.len());
        self.0
            .examples
            .extend(receipt.examples.into_iter().take(room));
    }

    /// The same as a report; a note names some of the refused samples.
    pub fn into_report(self) -> Report {
        let notes = self.0.examples.iter().map(|example| {
            let (labels, t) = (&example.labels, example.timestamp);
            format!("refused: {}: {labels} at {t} ms", example.reason.as_str())
        });
        Report {
            samples: self.0.stored,
            refused: self.0.rejected,
            notes: notes.collect(),
            ..Report::default()
        }
    }
}
