//! Loads must go forward in time: of each series no sample may be older than its newest, or differ from it at the same time.

use std::collections::HashMap;

use narthex_model::Labels;

use super::series::{SeriesLine, Slot};

/// The newest sample of each series loaded so far.
#[derive(Debug, Default)]
pub(super) struct Newest(HashMap<Labels, (i64, Slot)>);

impl Newest {
    /// Takes the samples of a line, `step_ms` apart from time 0 on.
    ///
    /// # Errors
    /// A sample is out of order.
    pub(super) fn take(&mut self, line: &SeriesLine, step_ms: i64) -> Result<(), String> {
        let slots = line.slots.iter().enumerate();
        let mut there = slots
            .filter(|(_, slot)| **slot != Slot::Omitted)
            .map(|(i, slot)| (i as i64 * step_ms, slot));
        let Some((first, slot)) = there.next() else {
            return Ok(());
        };
        if let Some((newest, known)) = self.0.get(&line.labels) {
            if first < *newest {
                return Err(format!("out of order sample of {}", line.labels));
            }
            if first == *newest && !same(slot, known) {
                return Err(format!("duplicate sample for timestamp of {}", line.labels));
            }
        }
        let (newest, slot) = there.next_back().unwrap_or((first, slot));
        self.0.insert(line.labels.clone(), (newest, slot.clone()));
        Ok(())
    }
}

/// Whether two samples are the same, bit by bit.
fn same(a: &Slot, b: &Slot) -> bool {
    match (a, b) {
        (Slot::Float(a), Slot::Float(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::super::series::parse;
    use super::*;

    #[test]
    fn only_forward() {
        let mut newest = Newest::default();
        let mut take = |line: &str| newest.take(&parse(line).expect("a line"), 1_000);
        assert_eq!(take("a 1 2"), Ok(()));
        assert_eq!(take("b NaN"), Ok(()));
        assert_eq!(take("b NaN 1"), Ok(()));
        assert_eq!(take("a _ 2 3"), Ok(()));
        assert!(take("a _ _ 4").is_err());
        assert!(take("a 1 2 3 4").is_err());
        assert_eq!(take("a _ _ _ 4"), Ok(()));
    }
}
