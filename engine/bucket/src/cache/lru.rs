//! A map that holds so many bytes and forgets first what was used least recently.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Values with their weights in bytes.
#[derive(Debug)]
pub(super) struct Lru<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// By last use.
    order: BTreeMap<u64, K>,
    uses: u64,
    bytes: u64,
    bytes_max: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: u64,
    used: u64,
}

impl<K: Hash + Eq + Clone, V> Lru<K, V> {
    /// Holds at most `bytes_max`.
    pub(super) fn new(bytes_max: u64) -> Self {
        Self {
            entries: HashMap::new(),
            order: BTreeMap::new(),
            uses: 0,
            bytes: 0,
            bytes_max,
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Looks up, which is a use.
    pub(super) fn get(&mut self, key: &K) -> Option<&V> {
        let entry = self.entries.get_mut(key)?;
        self.order.remove(&entry.used);
        self.uses += 1;
        entry.used = self.uses;
        self.order.insert(self.uses, key.clone());
        Some(&entry.value)
    }

    /// Adds or replaces, and gives back the keys that had to go: perhaps the new one itself, if it alone is too large.
    pub(super) fn insert(&mut self, key: K, value: V, bytes: u64) -> Vec<K> {
        self.remove(&key);
        self.uses += 1;
        let used = self.uses;
        self.order.insert(used, key.clone());
        self.entries.insert(key, Entry { value, bytes, used });
        self.bytes += bytes;
        let mut gone = Vec::new();
        while self.bytes > self.bytes_max {
            let Some((_, oldest)) = self.order.pop_first() else {
                break;
            };
            self.remove(&oldest);
            gone.push(oldest);
        }
        gone
    }

    /// Forgets.
    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.used);
        self.bytes -= entry.bytes;
        Some(entry.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut lru = Lru::new(30);
        assert!(lru.insert("a", 1, 10).is_empty());
        assert!(lru.insert("b", 2, 10).is_empty());
        assert!(lru.insert("c", 3, 10).is_empty());
        assert_eq!(lru.get(&"a"), Some(&1));
        assert_eq!(lru.insert("d", 4, 15), ["b", "c"]);
        assert_eq!((lru.bytes(), lru.get(&"b")), (25, None));
        assert!(lru.insert("d", 5, 5).is_empty());
        assert_eq!((lru.bytes(), lru.remove(&"d")), (15, Some(5)));
        assert_eq!(lru.insert("large", 6, 31), ["a", "large"]);
        assert_eq!((lru.bytes(), lru.order.len()), (0, 0));
    }
}
