//! Which ledgers are in use: of each there is one, however often specs are read anew.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use narthex_slo::Placed;

use super::Shelf;
use super::kept::{Kept, LedgerCell};

/// The ledgers in use, by the id of the SLO and its generation. Those of SLOs that are gone are in use until nobody counts them any more:
/// should they come back meanwhile, two must not write one ledger.
#[derive(Default)]
pub(super) struct Ledgers(HashMap<(String, String), Weak<LedgerCell>>);

impl Ledgers {
    /// How these SLOs are kept from now on, after those of `old`: what is known of them goes on, as far as it means the same.
    pub(super) fn taken_over(
        &mut self,
        slos: Vec<Placed>,
        old: &[Arc<Kept>],
        shelf: &Shelf,
    ) -> Vec<Arc<Kept>> {
        self.0.retain(|_, ledger| ledger.strong_count() > 0);
        let by_id: HashMap<_, _> = old.iter().map(|old| (&*old.slo().id, old)).collect();
        let new = slos.into_iter().map(|placed| {
            let fresh = Kept::new(placed, Arc::default());
            let before = by_id.get(&*fresh.slo().id);
            match before.filter(|old| old.generation == fresh.generation) {
                Some(old) if old.placed == fresh.placed => Arc::clone(old),
                Some(old) => {
                    let new = fresh.after(old);
                    new.look(shelf);
                    Arc::new(new)
                }
                None => Arc::new(self.again(fresh)),
            }
        });
        let new: Vec<_> = new.collect();
        for one in &new {
            self.0.insert(key(one), Arc::downgrade(&one.ledger));
        }
        new
    }

    /// An SLO that was not kept until now, with its ledger if somebody has it still.
    fn again(&self, fresh: Kept) -> Kept {
        match self.0.get(&key(&fresh)).and_then(Weak::upgrade) {
            Some(ledger) => {
                ledger.missed_some();
                fresh.with(ledger)
            }
            None => fresh,
        }
    }
}

fn key(one: &Kept) -> (String, String) {
    (one.slo().id.clone(), one.generation.clone())
}
