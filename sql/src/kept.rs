//! Plans that wait for the same query at another time. A dashboard asks the same every few seconds, a rule every minute, and
//! planning takes longer than most of their answers.
//!
//! A kept plan has no series and no times: both are filled in when it is taken ([`QueryPlan::move_to`]). What it has, the
//! steps and whatever the text and the settings say, is its key. Only one query runs a plan at a time.

use std::collections::HashMap;
use std::time::Duration;

use narthex_promql::QueryPlan;
use parking_lot::Mutex;

use crate::blank::Blank;
use crate::promql::{Request, Times};

/// So many plans are kept: as many as a server's rules and dashboards have. Beside what their queries read they take little memory.
const PLANS_MAX: usize = 2048;

/// What two queries have in common that differ only in their times.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    query: Box<str>,
    is_instant: bool,
    /// From the first instant to the end.
    length_ms: i64,
    step_ms: i64,
    lookback_ms: Option<i64>,
}

impl Key {
    /// That of `request`; none if it wants to know more than the answer.
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        if request.explain.is_some() || request.stats {
            return None;
        }
        let (length_ms, step_ms) = match request.times {
            Times::Instant(_) => (0, 0),
            Times::Range(grid) => (grid.end.checked_sub(grid.start)?, grid.step),
        };
        Some(Self {
            query: request.query.into(),
            is_instant: request.times.is_instant(),
            length_ms,
            step_ms,
            lookback_ms: request.lookback_ms,
        })
    }
}

/// A plan and its operators.
pub(crate) struct KeptPlan {
    pub(crate) plan: QueryPlan,
    pub(crate) blank: Blank,
    /// How long the query took last time, from its text to its answer.
    pub(crate) took: Duration,
}

/// All plans that wait.
pub(crate) struct KeptPlans<P = Box<KeptPlan>>(Mutex<Waiting<P>>);

struct Waiting<P> {
    /// Those of a query, the one that was used last at the end, each with when it was given.
    plans: HashMap<Key, Vec<(u64, P)>>,
    /// How many there are.
    len: usize,
    /// How many were ever given.
    given: u64,
}

impl<P> Default for KeptPlans<P> {
    fn default() -> Self {
        Self(Mutex::new(Waiting {
            plans: HashMap::new(),
            len: 0,
            given: 0,
        }))
    }
}

impl<P> KeptPlans<P> {
    /// A plan of that query; it is not there any more until it is given back.
    pub(crate) fn take(&self, key: &Key) -> Option<P> {
        self.0.lock().take(key)
    }

    /// What `f` says of a plan of that query, which stays.
    pub(crate) fn look<T>(&self, key: &Key, f: impl FnOnce(&P) -> T) -> Option<T> {
        let waiting = self.0.lock();
        let (_, plan) = waiting.plans.get(key)?.last()?;
        Some(f(plan))
    }

    /// Keeps a plan; in the place of the one that was not used for longest, if there are too many.
    pub(crate) fn give(&self, key: Key, plan: P) {
        let mut waiting = self.0.lock();
        waiting.given += 1;
        waiting.len += 1;
        let given = waiting.given;
        waiting.plans.entry(key).or_default().push((given, plan));
        let oldest = (waiting.len > PLANS_MAX).then(|| waiting.take_oldest());
        drop(waiting);
        drop(oldest);
    }
}

impl<P> Waiting<P> {
    fn take(&mut self, key: &Key) -> Option<P> {
        let of_query = self.plans.get_mut(key).filter(|plans| !plans.is_empty())?;
        // The oldest, so that each of them has its turn.
        let (_, plan) = of_query.remove(0);
        if of_query.is_empty() {
            self.plans.remove(key);
        }
        self.len -= 1;
        Some(plan)
    }

    fn take_oldest(&mut self) -> Option<P> {
        let used = |of_query: &[(u64, P)]| of_query.first().map(|(given, _)| *given);
        let oldest = self.plans.iter().min_by_key(|(_, plans)| used(plans));
        let key = oldest.map(|(key, _)| key.clone())?;
        self.take(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(query: usize) -> Key {
        Key {
            query: query.to_string().into(),
            is_instant: true,
            length_ms: 0,
            step_ms: 0,
            lookback_ms: None,
        }
    }

    #[test]
    fn a_plan_is_given_to_one_at_a_time() {
        let kept = KeptPlans::default();
        assert_eq!(kept.take(&key(1)), None);
        kept.give(key(1), 'a');
        kept.give(key(1), 'b');
        assert_eq!(kept.take(&key(2)), None);
        let both = [kept.take(&key(1)), kept.take(&key(1))];
        assert_eq!(both, [Some('a'), Some('b')]);
        assert_eq!(kept.take(&key(1)), None);
    }

    #[test]
    fn those_go_that_were_not_used_for_longest() {
        let kept = KeptPlans::default();
        for query in 0..PLANS_MAX {
            kept.give(key(query), query);
        }
        let used = kept.take(&key(0)).expect("it is there");
        kept.give(key(0), used);
        kept.give(key(PLANS_MAX), PLANS_MAX);
        let there = |query| kept.take(&key(query)).is_some();
        assert!(there(0) && there(PLANS_MAX) && there(2) && !there(1));
    }
}
