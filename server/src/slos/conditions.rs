//! The conditions of policies: what can be said of them now, and what holds on while nothing can.

use std::collections::HashMap;

use narthex_model::{Labels, Result, TimestampMs};
use narthex_slo::budget::{Book, Meter};
use narthex_slo::burn::{Verdict, Watch};

/// A condition that has not been measured for longer than this does not hold.
const LOOK_BACK_SLICES: i64 = 1440;

/// What is said of the condition of a policy, for one group.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// Which of the SLO's policies.
    pub(crate) policy: usize,
    /// Which group; empty: all together.
    pub(crate) group: Labels,
    /// What can be said.
    pub(crate) verdict: Verdict,
    /// Whether it holds, or held when that could last be said.
    pub(crate) holds: bool,
    /// The number that it is about.
    pub(crate) value: f64,
}

/// What held last.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    held: HashMap<Key, bool>,
}

type Key = (String, String, Labels);

impl Conditions {
    /// The conditions of an SLO at `at`: for each group if it is grouped.
    ///
    /// # Errors
    /// If a zone is not known.
    pub(super) fn read(&mut self, book: &Book, at: TimestampMs) -> Result<Vec<Condition>> {
        let slo = book.slo();
        let all = [(Labels::empty(), book.all().clone())];
        let meters = match slo.group_by.is_empty() {
            true => all.as_slice(),
            false => book.groups(),
        };
        let Some(window) = slo.windows.first() else {
            return Ok(Vec::new());
        };
        let mut conditions = Vec::new();
        for (number, policy) in slo.policies.iter().enumerate() {
            let mut watch = Watch::new(policy, window, &slo.missing)?;
            for (group, meter) in meters {
                let reading = watch.read(meter, at);
                let key = (slo.id.clone(), policy.name.clone(), group.clone());
                let holds = match reading.verdict {
                    Verdict::Holds => true,
                    Verdict::HoldsNot => false,
                    Verdict::Unmeasured => match self.held.get(&key) {
                        Some(held) => *held,
                        None => held_before(&mut watch, meter, at),
                    },
                };
                self.held.insert(key, holds);
                conditions.push(Condition {
                    policy: number,
                    group: group.clone(),
                    verdict: reading.verdict,
                    holds,
                    value: reading.value,
                });
            }
        }
        Ok(conditions)
    }

    /// Forgets SLOs that are gone.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.held.retain(|(slo, _, _), _| is_kept(slo));
    }
}

/// What could last be said: after a restart nobody remembers it, but the ledger does.
fn held_before(watch: &mut Watch, meter: &Meter, at: TimestampMs) -> bool {
    let step = meter.slice_ms().max(1);
    let earlier = (1..=LOOK_BACK_SLICES).map(|back| at - back * step);
    let known = earlier.take_while(|at| *at > meter.known().start);
    let said = known.map(|at| watch.read(meter, at).verdict);
    said.into_iter()
        .find(|verdict| *verdict != Verdict::Unmeasured)
        == Some(Verdict::Holds)
}
