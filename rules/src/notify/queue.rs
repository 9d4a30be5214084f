//! The alerts that wait for one Alertmanager: a queue that forgets the oldest when it is full.

use std::collections::{HashSet, VecDeque};

use super::Notification;

/// How many alerts wait for an Alertmanager at most, if nothing is said.
pub const CAPACITY: usize = 10_000;

/// How many alerts are sent at once at most.
pub const BATCH_MAX: usize = 256;

/// A bounded queue of alerts.
#[derive(Debug)]
pub struct Queue {
    capacity: usize,
    waiting: VecDeque<Notification>,
}

impl Queue {
    /// An empty queue for `capacity` alerts.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            waiting: VecDeque::new(),
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Appends alerts; the oldest are dropped if there are too many. Gives how many were.
    pub fn push(&mut self, alerts: Vec<Notification>) -> usize {
        self.waiting.extend(alerts);
        self.drop_oldest()
    }

    /// Takes the oldest alerts.
    pub fn next_batch(&mut self) -> Vec<Notification> {
        let count = self.waiting.len().min(BATCH_MAX);
        self.waiting.drain(..count).collect()
    }

    /// Puts alerts back that could not be sent, before all others. Those that newer news has come of meanwhile are let go; of the
    /// others the oldest are dropped if there are too many. Gives how many were dropped.
    pub fn put_back(&mut self, alerts: Vec<Notification>) -> usize {
        let newer: HashSet<_> = self
            .waiting
            .iter()
            .map(|alert| alert.labels.clone())
            .collect();
        let left = alerts
            .into_iter()
            .filter(|alert| !newer.contains(&alert.labels));
        for alert in left.collect::<Vec<_>>().into_iter().rev() {
            self.waiting.push_front(alert);
        }
        self.drop_oldest()
    }

    fn drop_oldest(&mut self) -> usize {
        let dropped = self.waiting.len().saturating_sub(self.capacity);
        self.waiting.drain(..dropped);
        dropped
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use narthex_model::Labels;
    use proptest::prelude::*;

    use super::*;

    fn alert(name: u8, ends_at: i64) -> Notification {
        Notification {
            labels: Labels::new([("alertname", name.to_string().as_str())]).expect("valid"),
            annotations: BTreeMap::new(),
            starts_at: 0,
            ends_at,
            generator_url: String::new(),
        }
    }

    #[test]
    fn what_is_put_back_goes_first_unless_it_is_old_news() {
        let mut queue = Queue::new(10);
        queue.push(vec![alert(1, 1), alert(2, 1)]);
        let batch = queue.next_batch();
        queue.push(vec![alert(1, 2), alert(3, 2)]);
        assert_eq!(queue.put_back(batch), 0);
        assert_eq!(queue.next_batch(), [alert(2, 1), alert(1, 2), alert(3, 2)]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_uncounted(pushes in prop::collection::vec(0_usize..400, 1..12), capacity in 1_usize..600) {
            let mut queue = Queue::new(capacity);
            let (mut pushed, mut dropped, mut taken) = (0, 0, 0);
            for (i, count) in pushes.into_iter().enumerate() {
                dropped += queue.push(vec![alert(0, i as i64); count]);
                pushed += count;
                prop_assert!(queue.len() <= capacity);
                let batch = queue.next_batch();
                prop_assert!(batch.len() <= BATCH_MAX);
                taken += batch.len();
            }
            prop_assert_eq!(pushed, dropped + taken + queue.len());
        }
    }
}
