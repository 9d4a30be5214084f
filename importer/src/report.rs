//! What an import did.

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Samples written, those of spans that an earlier run had imported not counted.
    pub samples: u64,
    /// Blocks written.
    pub blocks: u64,
    /// Spans of time that an earlier run had imported already.
    pub spans_skipped: u64,
    /// What a person should know: a sentence each.
    pub notes: Vec<String>,
}
