//! What came of SLOs, as series.

mod native;
mod pyrra;
mod sloth;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use narthex_model::{Label, Labels, METRIC_NAME, TimestampMs, WriteBatch, stale_nan};

use super::flags::Names;
use super::known::Books;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The windows whose burn rates are told, shortest first.
const WINDOWS: [(&str, i64); 7] = [
    ("5m", 5 * MINUTE_MS),
    ("30m", 30 * MINUTE_MS),
    ("1h", HOUR_MS),
    ("2h", 2 * HOUR_MS),
    ("6h", 6 * HOUR_MS),
    ("1d", DAY_MS),
    ("3d", 3 * DAY_MS),
];

/// Makes series of what came of SLOs; knows which there were, so that those that are gone end.
pub(super) struct Publisher {
    names: Vec<Names>,
    /// What may be stored and has not ended.
    before: HashSet<Labels>,
    /// What was told last.
    told: HashSet<Labels>,
}

impl Publisher {
    pub(super) fn new(names: Vec<Names>) -> Self {
        Self {
            names,
            before: HashSet::new(),
            told: HashSet::new(),
        }
    }

    /// The samples of a round at `at`.
    pub(super) fn batch(&mut self, books: &Arc<Books>, at: TimestampMs) -> WriteBatch {
        // What was told and perhaps not stored, perhaps in part.
        self.before.extend(self.told.drain());
        let mut series = Series::new(at);
        for known in &books.all {
            native::push(known, &mut series);
            if self.names.contains(&Names::Sloth) {
                sloth::push(known, &mut series);
            }
            if self.names.contains(&Names::Pyrra) {
                pyrra::push(known, &mut series);
            }
        }
        let Series {
            mut batch, there, ..
        } = series;
        for gone in self.before.difference(&there) {
            let number = batch.push_packed_series(gone.as_ref());
            batch.push_sample(number, at, stale_nan());
        }
        self.told = there;
        batch
    }

    /// The samples of the last round are stored: what has ended has ended.
    pub(super) fn stored(&mut self) {
        self.before = std::mem::take(&mut self.told);
    }
}

/// Labels by name.
type LabelMap = BTreeMap<String, String>;

/// The samples of a round.
struct Series {
    at: TimestampMs,
    batch: WriteBatch,
    there: HashSet<Labels>,
}

impl Series {
    fn new(at: TimestampMs) -> Self {
        Self {
            at,
            batch: WriteBatch::new(),
            there: HashSet::new(),
        }
    }

    /// Adds a sample of the series with that name and those labels, the first of them that is told.
    fn push(&mut self, name: &str, labels: &LabelMap, more: &[(&str, &str)], value: f64) {
        let mut all: BTreeMap<&str, &str> = labels.iter().map(|(n, v)| (&**n, &**v)).collect();
        all.extend(more.iter().copied());
        all.insert(METRIC_NAME, name);
        let mut all: Vec<Label<'_>> = all.into_iter().filter(|(_, v)| !v.is_empty()).collect();
        // Names come from specs, which have been checked; what cannot be a label is left out.
        let Ok(number) = self.batch.push_series(&mut all) else {
            return;
        };
        if self.there.insert(self.batch.labels(number).to_owned()) {
            self.batch.push_sample(number, self.at, value);
        }
    }
}

/// The labels of a group beside `own`; those that are called as one of these get another name.
fn with_group(own: &LabelMap, group: &Labels) -> LabelMap {
    let mut labels = own.clone();
    for (name, value) in group.iter() {
        let name = match own.contains_key(name) || RESERVED.contains(&name) {
            true => format!("group_{name}"),
            false => name.to_owned(),
        };
        labels.insert(name, value.to_owned());
    }
    labels
}

/// Labels that say something else.
const RESERVED: [&str; 6] = ["slo", "service", "policy", "window", "severity", "state"];

#[cfg(test)]
mod tests {
    use narthex_model::is_stale;

    use super::*;

    #[test]
    fn labels_of_groups_never_take_the_place_of_ours() {
        let own: LabelMap = [("slo".to_owned(), "a".to_owned())].into();
        let group = Labels::new([("route", "/"), ("slo", "b"), ("state", "c")]).expect("valid");
        let labels = with_group(&own, &group);
        let expected = [
            ("group_slo", "b"),
            ("group_state", "c"),
            ("route", "/"),
            ("slo", "a"),
        ];
        let pairs: Vec<_> = labels.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(pairs, expected);
    }

    #[test]
    fn series_that_are_gone_end_once() {
        let mut publisher = Publisher::new(Vec::new());
        let mut series = Series::new(0);
        series.push("x", &LabelMap::new(), &[("empty", "")], 1.0);
        series.push("x", &LabelMap::new(), &[], 2.0);
        assert_eq!(series.batch.values(), [1.0], "the first counts");
        publisher.told = series.there;
        for at in 1..4 {
            // Until that is stored.
            let gone = publisher.batch(&Arc::default(), at);
            assert_eq!(gone.sample_count(), 1);
            assert!(gone.values().iter().all(|value| is_stale(*value)));
        }
        publisher.stored();
        assert!(publisher.batch(&Arc::default(), 4).is_empty());
    }
}
