//! Lets series leave the table that no block, no window and no snapshot has: their labels, index and postings.
//!
//! It takes two steps. The first marks series that have no samples and hangs a new epoch on the state: snapshots taken until then
//! hold the old one. The second, once the old epoch is gone, removes those that still have none. It runs between two commits,
//! so none gets samples meanwhile, and a batch that was queued before sees by the table's generation that its ordinals may stand for
//! nothing now. A series that got samples after it was marked and lost them again must have been in a block that was added
//! meanwhile: then nothing is removed, and it begins afresh.

use std::sync::mpsc;
use std::sync::{Arc, Weak};

use narthex_model::Result;

use crate::commit::Work;
use crate::limits::LEAVE_LOOK_STEPS;
use crate::ordinal_set::OrdinalSet;
use crate::shared::Shared;
use crate::state::State;

/// Series without samples.
pub(crate) struct Marked {
    ordinals: Vec<u32>,
    blocks_added: u64,
    /// Held by all snapshots that may have samples of them.
    epoch: Weak<()>,
}

/// Asks the WAL thread to let series leave.
pub(crate) struct LeaveRequest {
    pub(crate) marked: Marked,
    pub(crate) done: mpsc::SyncSender<()>,
}

/// Looks for series that may leave.
pub(crate) struct Leaver {
    shared: Arc<Shared>,
    marked: Option<Marked>,
    looked_at: Option<Look>,
    /// Steps until it looks again.
    wait: u32,
}

/// What may have changed since the last look.
#[derive(PartialEq, Eq)]
struct Look {
    next_ordinal: u32,
    blocks_added: u64,
    blocks: usize,
}

impl Marked {
    /// Those that still have no samples in `state`; none if that does not tell.
    pub(crate) fn without_samples(mut self, state: &State) -> Vec<u32> {
        if state.blocks_added != self.blocks_added {
            return Vec::new();
        }
        self.ordinals.retain(|o| !state.has(*o));
        self.ordinals
    }
}

impl Leaver {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            marked: None,
            looked_at: None,
            wait: 0,
        }
    }

    /// Takes the next step, if there is one.
    ///
    /// # Errors
    /// `Closed` if the store is.
    pub(crate) fn step(&mut self) -> Result<()> {
        match self.marked.take() {
            None => self.marked = self.mark(),
            Some(marked) if marked.epoch.strong_count() > 0 => self.marked = Some(marked),
            Some(marked) => self.remove(marked)?,
        }
        Ok(())
    }

    /// The next step looks, however short ago the last look was.
    #[cfg(test)]
    pub(crate) fn look_now(&mut self) {
        (self.wait, self.looked_at) = (0, None);
    }

    fn mark(&mut self) -> Option<Marked> {
        if self.wait > 0 {
            self.wait -= 1;
            return None;
        }
        self.wait = LEAVE_LOOK_STEPS;
        let state = self.shared.snapshot();
        let look = Look {
            next_ordinal: self.shared.series.next_ordinal(),
            blocks_added: state.blocks_added,
            blocks: state.blocks.len(),
        };
        if self.looked_at.as_ref() == Some(&look) {
            return None;
        }
        let with_samples = with_samples(&state, look.next_ordinal);
        let has_none = |ordinal: u32| !with_samples.contains(ordinal);
        let ordinals = self.shared.series.present(look.next_ordinal, has_none);
        let blocks_added = look.blocks_added;
        self.looked_at = Some(look);
        // It holds the epoch too.
        drop(state);
        if ordinals.is_empty() {
            return None;
        }
        let mut state = self.shared.state.lock();
        let before = std::mem::take(&mut Arc::make_mut(&mut state).epoch);
        Some(Marked {
            ordinals,
            blocks_added,
            epoch: Arc::downgrade(&before),
        })
    }

    fn remove(&mut self, marked: Marked) -> Result<()> {
        let request = |done| Work::Leave(LeaveRequest { marked, done });
        self.shared.ask(request)
    }
}

/// The ordinals below `end` that have samples in `state`.
fn with_samples(state: &State, end: u32) -> OrdinalSet {
    let mut set = OrdinalSet::new(end);
    state
        .head()
        .for_each(|w| w.ordinals().for_each(|o| set.insert(o)));
    let blocks = state.blocks.iter();
    blocks.for_each(|b| b.ordinals().for_each(|o| set.insert(o)));
    set
}
