//! What is known of a target's series: the text of the body's line to the labels it is stored under.
//!
//! A body mostly has the same lines in the same order as the one before, so an entry remembers which entry came after it:
//! in the steady state a lookup is one comparison of bytes, and nothing is hashed.
//!
//! Invariants: `table` holds the position of every entry; an entry is live if the last complete scrape wrote a sample of
//! it that a stale marker may follow.

use std::collections::HashSet;

use hashbrown::HashTable;
use narthex_model::Labels;
use twox_hash::XxHash64;

/// No entry.
const NONE: u32 = u32::MAX;

/// How many more entries than the last complete scrape had may pile up through failing ones.
const SPARE_ENTRIES_MAX: usize = 10_000;

/// The series of a target.
#[derive(Debug, Default)]
pub(crate) struct SeriesCache {
    entries: Vec<Entry>,
    table: HashTable<u32>,
    /// Counts scrapes.
    round: u32,
    /// The entry found last in this scrape.
    last: Option<usize>,
    /// Series of an earlier configuration that may need a stale marker.
    inherited: Vec<Labels>,
    /// Entries after the last complete scrape.
    complete_len: usize,
}

/// A series.
#[derive(Debug)]
pub(crate) struct Entry {
    text: Box<str>,
    hash: u64,
    /// The labels it is stored under, `None` if relabelling drops it.
    pub(crate) labels: Option<Labels>,
    seen: u32,
    next: u32,
    /// Whether a stale marker may follow the sample seen in this scrape.
    pending: bool,
    live: bool,
}

impl SeriesCache {
    /// A cache that knows only series written under an earlier configuration.
    pub(crate) fn inheriting(inherited: Vec<Labels>) -> Self {
        Self {
            inherited,
            ..Self::default()
        }
    }

    /// Begins a scrape.
    pub(crate) fn begin(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.last = None;
    }

    /// The position of the series written as `text`.
    #[inline]
    pub(crate) fn find(&mut self, text: &str) -> Option<usize> {
        let expected = match self.last {
            Some(last) => self.entries.get(last)?.next as usize,
            None => 0,
        };
        let position = match self.entries.get(expected) {
            Some(entry) if *entry.text == *text => expected,
            _ => self.look_up(text)?,
        };
        self.step(position);
        Some(position)
    }

    fn look_up(&self, text: &str) -> Option<usize> {
        let entries = &self.entries;
        let same = |at: &u32| entries.get(*at as usize).is_some_and(|e| *e.text == *text);
        self.table.find(hash(text), same).map(|at| *at as usize)
    }

    /// Notes that `position` came after the last one.
    fn step(&mut self, position: usize) {
        if let Some(last) = self.last.replace(position)
            && let Some(entry) = self.entries.get_mut(last)
        {
            entry.next = position as u32;
        }
    }

    /// Adds a series that [`SeriesCache::find`] did not find, and returns its position.
    pub(crate) fn insert(&mut self, text: &str, labels: Option<Labels>) -> usize {
        let position = self.entries.len();
        let hash = hash(text);
        // The round before this one: not seen yet.
        let seen = self.round.wrapping_sub(1);
        self.entries.push(Entry {
            text: text.into(),
            hash,
            labels,
            seen,
            next: NONE,
            pending: false,
            live: false,
        });
        let entries = &self.entries;
        self.table.insert_unique(hash, position as u32, |at| {
            entries.get(*at as usize).map_or(0, |e| e.hash)
        });
        self.step(position);
        position
    }

    /// Notes a sample of the series at `position` and gives its labels; `live` says whether a stale marker may follow it.
    /// `None` if relabelling drops the series. The flag is whether the series was seen in this scrape before.
    #[inline]
    pub(crate) fn see(&mut self, position: usize, live: bool) -> Option<(&Labels, bool)> {
        let entry = self.entries.get_mut(position)?;
        let again = entry.seen == self.round;
        entry.seen = self.round;
        entry.pending = live;
        entry.labels.as_ref().map(|labels| (labels, again))
    }

    /// Ends a scrape whose body was read as a whole: `stale` gets the series that vanished, and they are forgotten.
    pub(crate) fn end_complete(&mut self, mut stale: impl FnMut(&Labels)) {
        let round = self.round;
        let inherited = std::mem::take(&mut self.inherited);
        let mut vanished = false;
        for entry in &mut self.entries {
            if entry.seen == round {
                entry.live = entry.pending;
            } else {
                vanished = true;
            }
        }
        if vanished || !inherited.is_empty() {
            // Another line may be stored under the same labels: then the series goes on.
            let current: HashSet<&Labels> = self
                .entries
                .iter()
                .filter(|e| e.seen == round)
                .filter_map(|e| e.labels.as_ref())
                .collect();
            let gone = self
                .entries
                .iter()
                .filter(|e| e.seen != round && e.live)
                .filter_map(|e| e.labels.as_ref());
            let gone: HashSet<&Labels> = gone
                .chain(&inherited)
                .filter(|labels| !current.contains(labels))
                .collect();
            gone.into_iter().for_each(&mut stale);
        }
        if vanished {
            self.forget(|entry| entry.seen != round);
        }
        self.complete_len = self.entries.len();
    }

    /// Ends a scrape that failed: `stale` gets every live series. They are remembered, since they will likely be back.
    pub(crate) fn end_failed(&mut self, mut stale: impl FnMut(&Labels)) {
        self.take_live().iter().for_each(&mut stale);
        if self.entries.len() > 2 * self.complete_len + SPARE_ENTRIES_MAX {
            self.forget(|_| true);
        }
    }

    /// The live series, which are not live any more after this.
    pub(crate) fn take_live(&mut self) -> HashSet<Labels> {
        let mut live: HashSet<Labels> = std::mem::take(&mut self.inherited).into_iter().collect();
        for entry in self.entries.iter_mut().filter(|e| e.live) {
            entry.live = false;
            live.extend(entry.labels.clone());
        }
        live
    }

    fn forget(&mut self, gone: impl Fn(&Entry) -> bool) {
        self.entries.retain(|entry| !gone(entry));
        self.table.clear();
        let entries = &mut self.entries;
        for (position, entry) in entries.iter_mut().enumerate() {
            // The order of the entries is nearly that of the body.
            entry.next = position as u32 + 1;
        }
        let entries = &self.entries;
        for (position, entry) in entries.iter().enumerate() {
            let rehash = |at: &u32| entries.get(*at as usize).map_or(0, |e| e.hash);
            self.table
                .insert_unique(entry.hash, position as u32, rehash);
        }
        self.last = None;
    }
}

fn hash(text: &str) -> u64 {
    XxHash64::oneshot(0, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Series are named by letters; upper case ones are dropped by relabelling, and `x` and `y` become the same series.
    fn labels(text: &str) -> Option<Labels> {
        let name = if text == "y" { "x" } else { text };
        let kept = text.chars().all(char::is_lowercase);
        kept.then(|| Labels::new([("n", name)]).expect("valid"))
    }

    fn name(labels: &Labels) -> String {
        labels.get("n").unwrap_or_default().to_owned()
    }

    /// What a scrape of these lines writes stale markers for; it fails after them if `fails`.
    fn scrape(cache: &mut SeriesCache, lines: &[String], fails: bool) -> Vec<String> {
        cache.begin();
        for line in lines {
            let position = match cache.find(line) {
                Some(position) => position,
                None => cache.insert(line, labels(line)),
            };
            let seen = cache.see(position, true).map(|(l, _)| l.clone());
            assert_eq!(seen, labels(line), "the entry of {line}");
        }
        let mut stale = Vec::new();
        let note = |l: &Labels| stale.push(name(l));
        if fails {
            cache.end_failed(note);
        } else {
            cache.end_complete(note);
        }
        stale.sort();
        stale
    }

    #[test]
    fn order_may_change() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut cache =
            SeriesCache::inheriting(vec![labels("a").expect("kept"), labels("q").expect("kept")]);
        assert_eq!(scrape(&mut cache, &lines("a b c"), false), ["q"]);
        assert_eq!(scrape(&mut cache, &lines("c a d b"), false), [""; 0]);
        assert_eq!(scrape(&mut cache, &lines("d D x"), false), ["a", "b", "c"]);
        assert_eq!(scrape(&mut cache, &lines("y"), false), ["d"]);
        assert_eq!(cache.entries.len(), 1);
    }

    proptest! {
        #[test]
        fn like_a_plain_map(scrapes in prop::collection::vec((prop::collection::vec("[a-fxyAB]", 0..12), any::<bool>()), 1..12)) {
            let mut cache = SeriesCache::default();
            let mut live: BTreeMap<String, ()> = BTreeMap::new();
            for (lines, fails) in &scrapes {
                let got = scrape(&mut cache, lines, *fails);
                let mut now = BTreeMap::new();
                if !fails {
                    now.extend(lines.iter().filter_map(|l| labels(l)).map(|l| (name(&l), ())));
                }
                let want: Vec<_> = live.keys().filter(|n| !now.contains_key(*n)).cloned().collect();
                prop_assert_eq!(got, want);
                live = now;
            }
        }
    }
}
