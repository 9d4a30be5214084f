//! What metrics say of themselves, as far as the store knows.

use std::collections::BTreeMap;

use narthex_model::{Metadata, MetadataEntry, TimestampMs};
use parking_lot::RwLock;

use crate::limits::{METADATA_METRICS_MAX, METADATA_TEXT_BYTES_MAX, METADATA_VARIANTS_MAX};

/// The suffixes that series of a metric family may have.
const SUFFIXES: [&str; 8] = [
    "_total", "_bucket", "_sum", "_count", "_created", "_info", "_gsum", "_gcount",
];

/// Metadata of a metric, and since when the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMetadata {
    /// The metric family, and what it says.
    pub entry: MetadataEntry,
    /// When it was said first, in milliseconds since the epoch.
    pub since: TimestampMs,
}

/// All metadata, by metric; of each metric different ones, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct MetadataTable {
    by_metric: RwLock<BTreeMap<String, Vec<(TimestampMs, Metadata)>>>,
}

impl MetadataTable {
    /// Whether the store should keep this: it does not know it, and has room for it.
    pub(crate) fn wants(&self, entry: &MetadataEntry) -> bool {
        let texts = entry.metric.len() + entry.metadata.help.len() + entry.metadata.unit.len();
        let by_metric = self.by_metric.read();
        let fits = by_metric.len() < METADATA_METRICS_MAX;
        let known = by_metric.get(&entry.metric);
        let is_known = |all: &Vec<(_, Metadata)>| all.iter().any(|(_, m)| *m == entry.metadata);
        texts <= METADATA_TEXT_BYTES_MAX
            && !entry.metric.is_empty()
            && known.map_or(fits, |all| !is_known(all))
    }

    /// Remembers metadata. A metric that says too many different things loses the oldest.
    pub(crate) fn note(&self, known: &KnownMetadata) {
        let KnownMetadata { entry, since } = known;
        let mut by_metric = self.by_metric.write();
        let all = match by_metric.get_mut(&entry.metric) {
            Some(all) => all,
            None => by_metric.entry(entry.metric.clone()).or_default(),
        };
        match all.iter_mut().find(|(_, m)| *m == entry.metadata) {
            Some((earliest, _)) => *earliest = (*earliest).min(*since),
            None => all.push((*since, entry.metadata.clone())),
        }
        all.sort_by_key(|(since, _)| *since);
        if all.len() > METADATA_VARIANTS_MAX {
            all.remove(0);
        }
    }

    /// Forgets what could not be stored.
    pub(crate) fn forget(&self, known: &KnownMetadata) {
        let mut by_metric = self.by_metric.write();
        if let Some(all) = by_metric.get_mut(&known.entry.metric) {
            all.retain(|(_, m)| *m != known.entry.metadata);
            if all.is_empty() {
                by_metric.remove(&known.entry.metric);
            }
        }
    }

    /// What at most `limit` metrics say, or the one named; sorted by name, the newest first.
    pub(crate) fn list(&self, metric: Option<&str>, limit: usize) -> Vec<(String, Vec<Metadata>)> {
        let newest_first = |(name, all): (&String, &Vec<(_, Metadata)>)| {
            let all = all.iter().rev().map(|(_, m)| m.clone());
            (name.clone(), all.collect())
        };
        let by_metric = self.by_metric.read();
        match metric {
            Some(name) => by_metric
                .get_key_value(name)
                .into_iter()
                .take(limit)
                .map(newest_first)
                .collect(),
            None => by_metric.iter().take(limit).map(newest_first).collect(),
        }
    }

    /// What the families say whose series have the metric name `name`.
    pub(crate) fn of_series(&self, name: &str, out: &mut Vec<KnownMetadata>) {
        let by_metric = self.by_metric.read();
        let families = SUFFIXES.iter().filter_map(|s| name.strip_suffix(s));
        for family in families.chain([name]) {
            for (since, metadata) in by_metric.get(family).into_iter().flatten() {
                out.push(KnownMetadata {
                    entry: MetadataEntry {
                        metric: family.to_owned(),
                        metadata: metadata.clone(),
                    },
                    since: *since,
                });
            }
        }
    }
}

/// Sorts metadata by metric and time, and keeps each once.
pub(crate) fn sort(known: &mut Vec<KnownMetadata>) {
    known.sort_by(|a, b| {
        let key = |k: &KnownMetadata| (k.entry.metadata.metric_type as u8, k.since);
        let by_metric = a.entry.metric.cmp(&b.entry.metric);
        let by_help = a.entry.metadata.help.cmp(&b.entry.metadata.help);
        let by_unit = a.entry.metadata.unit.cmp(&b.entry.metadata.unit);
        by_metric
            .then(by_help)
            .then(by_unit)
            .then(key(a).cmp(&key(b)))
    });
    known.dedup_by(|a, b| a.entry == b.entry);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(metric: &str, help: &str, since: i64) -> KnownMetadata {
        let help = help.to_owned();
        KnownMetadata {
            entry: MetadataEntry {
                metric: metric.to_owned(),
                metadata: Metadata {
                    help,
                    ..Metadata::default()
                },
            },
            since,
        }
    }

    #[test]
    fn what_is_new_and_what_is_kept() {
        let table = MetadataTable::default();
        table.note(&known("a", "first", 1));
        assert!(!table.wants(&known("a", "first", 2).entry));
        assert!(table.wants(&known("a", "second", 2).entry));
        table.note(&known("a", "second", 2));
        table.note(&known("b_seconds", "", 3));
        let listed = table.list(None, 9);
        let helps: Vec<_> = listed[0].1.iter().map(|m| m.help.as_str()).collect();
        assert_eq!((listed.len(), helps), (2, vec!["second", "first"]));
        assert_eq!(table.list(Some("b_seconds"), 9).len(), 1);
        assert_eq!(
            (table.list(None, 1).len(), table.list(Some("c"), 1)),
            (1, vec![])
        );
        let mut found = Vec::new();
        table.of_series("b_seconds_bucket", &mut found);
        assert_eq!(found, [known("b_seconds", "", 3)]);
        for i in 0..20 {
            table.note(&known("a", &i.to_string(), 10 + i));
        }
        assert_eq!(table.list(Some("a"), 1)[0].1.len(), METADATA_VARIANTS_MAX);
    }
}
