//! `imports.json`: which spans of which sources were imported, so that an import goes on where it stopped.

use std::collections::BTreeMap;

use narthex_model::{Error, Result, TimeRange};
use serde::{Deserialize, Serialize};

use crate::fs;
use crate::layout::{json_bug, unavailable};
use crate::shared::Shared;

const VERSION: u32 = 1;

/// What was imported before. A source is a name that the importer chooses, for instance that of a foreign block.
pub struct ImportLog<'a> {
    shared: &'a Shared,
    content: Content,
}

#[derive(Clone, Serialize, Deserialize)]
struct Content {
    version: u32,
    /// By source, the spans: start included, end excluded; sorted, no two overlap or touch.
    sources: BTreeMap<String, Vec<(i64, i64)>>,
}

impl<'a> ImportLog<'a> {
    pub(crate) fn read(shared: &'a Shared) -> Result<Self> {
        let path = shared.layout.imports();
        let damaged = || {
            Error::corrupt(format!(
                "{} is damaged; if you remove it, imports begin anew and no sample is lost",
                path.display()
            ))
        };
        let content: Content = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| damaged().with_source(e))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Content {
                version: VERSION,
                sources: BTreeMap::new(),
            },
            Err(e) => return Err(unavailable("read", &path, e)),
        };
        if content.version != VERSION {
            return Err(damaged());
        }
        Ok(Self { shared, content })
    }

    /// Whether all of `range` was imported from `source`.
    pub fn covers(&self, source: &str, range: TimeRange) -> bool {
        let spans = self.content.sources.get(source);
        range.is_empty()
            || spans.is_some_and(|spans| {
                spans
                    .iter()
                    .any(|(start, end)| *start <= range.start && range.end <= *end)
            })
    }

    /// Notes that spans were imported, all at once; durable when this returns.
    ///
    /// # Errors
    /// `Unavailable` if the file cannot be written.
    pub fn add(&mut self, done: impl IntoIterator<Item = (String, TimeRange)>) -> Result<()> {
        let mut content = self.content.clone();
        for (source, range) in done {
            insert(content.sources.entry(source).or_default(), range);
        }
        let path = self.shared.layout.imports();
        let bytes = serde_json::to_vec(&content).map_err(json_bug)?;
        fs::replace(self.shared.fs.as_ref(), &path, &bytes)
            .map_err(|e| unavailable("write", &path, e))?;
        self.content = content;
        Ok(())
    }
}

/// Adds `range` to spans that are sorted and apart, and leaves them so.
fn insert(spans: &mut Vec<(i64, i64)>, range: TimeRange) {
    if range.is_empty() {
        return;
    }
    let (mut start, mut end) = (range.start, range.end);
    spans.retain(|(s, e)| {
        let touches = *s <= range.end && range.start <= *e;
        if touches {
            start = start.min(*s);
            end = end.max(*e);
        }
        !touches
    });
    let at = spans.partition_point(|(s, _)| *s < start);
    spans.insert(at, (start, end));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn spans_are_like_a_set(ranges in prop::collection::vec((0..60_i64, 0..12_i64), 0..20)) {
            let (mut spans, mut set) = (Vec::new(), std::collections::BTreeSet::new());
            for (start, length) in ranges {
                insert(&mut spans, TimeRange::new(start, start + length));
                set.extend(start..start + length);
            }
            prop_assert!(spans.is_sorted_by(|a, b| a.1 < b.0));
            let held: Vec<i64> = spans.iter().flat_map(|(s, e)| *s..*e).collect();
            prop_assert_eq!(held, set.into_iter().collect::<Vec<_>>());
        }
    }
}
