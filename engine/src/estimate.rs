//! What reading a selection will take, as far as the index tells: for those who want to know before they read.

use std::collections::BTreeSet;

use narthex_model::Result;

use crate::block::Wanted;
use crate::state::State;
use crate::stitch::Stitcher;

/// What reading some series will take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadEstimate {
    /// Blocks that have samples of them in the range.
    pub blocks: u64,
    /// Row groups of these that hold some.
    pub row_groups: u64,
    /// Pages to be fetched; one that several parts need is fetched for each.
    pub pages: u64,
    /// Bytes of these pages, and about those of native histograms.
    pub bytes: u64,
    /// Windows of the head that have samples of them in the range.
    pub head_windows: u64,
}

impl ReadEstimate {
    /// What reading `parts` of `state` will take.
    pub(crate) fn of(state: &State, parts: &[Stitcher<'_>], wanted: Wanted) -> Result<Self> {
        let mut estimate = Self::default();
        if wanted == Wanted::default() {
            return Ok(estimate);
        }
        for block in &state.blocks {
            let (mut is_read, mut groups) = (false, Vec::new());
            for part in parts {
                let may_have = |ordinal| block.may_have(ordinal, part.range);
                let (_, locals) = part.locals(block, may_have);
                is_read |= !locals.is_empty();
                let counts = block.estimate(&locals, part.range, wanted, &mut groups)?;
                estimate.pages += counts.pages;
                estimate.bytes += counts.bytes;
            }
            estimate.blocks += u64::from(is_read);
            estimate.row_groups += groups.into_iter().collect::<BTreeSet<_>>().len() as u64;
        }
        let has_some = |part: &Stitcher<'_>, window: &crate::head::Window| {
            let mut ordinals = part.ordinals.iter();
            ordinals.any(|ordinal| window.may_have(*ordinal, part.range))
        };
        let windows = state.head();
        let windows = windows.filter(|window| parts.iter().any(|part| has_some(part, window)));
        estimate.head_windows = windows.count() as u64;
        Ok(estimate)
    }
}
