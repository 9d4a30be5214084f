//! What of a store a ledger was counted from: whatever else is there has come since, when nobody took note.

use std::collections::{BTreeSet, HashSet};

use narthex_model::TimeRange;
use serde::{Deserialize, Serialize};

use crate::store::{OriginBlock, Origins};

/// What of a store was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Deletes up to this number.
    deletes_through: u64,
    /// Names of blocks.
    blocks: BTreeSet<String>,
}

impl Seen {
    /// All that there is.
    pub(super) fn of(origins: &Origins) -> Self {
        Self {
            deletes_through: origins.newest_delete,
            blocks: origins
                .blocks
                .iter()
                .map(|block| block.name.clone())
                .collect(),
        }
    }

    /// The times in which samples in blocks have come, or were deleted, since. Blocks that are gone are none of these: what was counted of
    /// them when they were there counts.
    pub(super) fn missed(&self, origins: &Origins) -> Vec<TimeRange> {
        let known: HashSet<&str> = self.blocks.iter().map(String::as_str).collect();
        let is_known = |block: &OriginBlock| {
            let mut parents = block.parents.iter();
            let is_merged = !block.parents.is_empty() && parents.all(|p| known.contains(&**p));
            // What it was merged from may have had samples that were deleted without anybody's knowing.
            known.contains(&*block.name)
                || is_merged && block.deletes_through <= self.deletes_through
        };
        let blocks = origins.blocks.iter().filter(|block| !is_known(block));
        let deletes = origins.deletes.iter();
        let deletes = deletes.filter(|(number, _)| *number > self.deletes_through);
        let spans = blocks.map(|block| block.span);
        spans.chain(deletes.map(|(_, span)| *span)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(name: &str, at: i64, parents: &[&str], deletes_through: u64) -> OriginBlock {
        OriginBlock {
            name: name.to_owned(),
            span: TimeRange::new(at, at + 10),
            parents: parents.iter().map(|p| (*p).to_owned()).collect(),
            deletes_through,
        }
    }

    fn origins(blocks: Vec<OriginBlock>, deletes: &[u64], newest_delete: u64) -> Origins {
        let span = |number: &u64| TimeRange::new(1000 + *number as i64, 2000);
        Origins {
            blocks,
            deletes: deletes
                .iter()
                .map(|number| (*number, span(number)))
                .collect(),
            newest_delete,
            head: None,
        }
    }

    #[test]
    fn what_came_since() {
        let (a, b) = (block("a", 0, &[], 0), block("b", 10, &[], 0));
        let before = origins(vec![a.clone(), b.clone()], &[1], 1);
        let seen = Seen::of(&before);
        let missed = |now: &Origins| seen.missed(now);
        assert_eq!(missed(&before), []);
        assert_eq!(Seen::default().missed(&before).len(), 3);
        // Merged of what was seen; something gone.
        let merged = block("c", 0, &["a", "b"], 1);
        assert_eq!(missed(&origins(vec![merged], &[], 1)), []);
        assert_eq!(missed(&origins(vec![b.clone()], &[1], 1)), []);
        // New; merged of something new; deleted; deleted and merged.
        let new = block("d", 50, &[], 0);
        assert_eq!(
            missed(&origins(vec![a.clone(), new.clone()], &[], 1)),
            [new.span]
        );
        let merged = block("e", 70, &["b", "d"], 1);
        assert_eq!(
            missed(&origins(vec![a.clone(), merged.clone()], &[], 1)),
            [merged.span]
        );
        assert_eq!(
            missed(&origins(vec![a, b], &[1, 2], 2)),
            [TimeRange::new(1002, 2000)]
        );
        let merged = block("f", 0, &["a", "b"], 2);
        assert_eq!(
            missed(&origins(vec![merged.clone()], &[], 2)),
            [merged.span]
        );
    }
}
