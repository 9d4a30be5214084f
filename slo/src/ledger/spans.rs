//! A set of instants, as spans of time.

use narthex_model::TimeRange;

/// A set of instants: spans in order, apart from each other, none empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans(Vec<TimeRange>);

impl Spans {
    /// The spans.
    pub fn iter(&self) -> impl Iterator<Item = TimeRange> + '_ {
        self.0.iter().copied()
    }

    /// Whether no instant is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts all instants of `span` in.
    pub fn insert(&mut self, span: TimeRange) {
        if span.is_empty() {
            return;
        }
        let touches = |of: &TimeRange| of.start <= span.end && span.start <= of.end;
        let (with, mut rest): (Vec<_>, Vec<_>) = self.0.iter().partition(|of| touches(of));
        rest.push(with.iter().fold(span, |a, b| a.union(b)));
        rest.sort_by_key(|span| span.start);
        self.0 = rest;
    }

    /// Takes all instants of `span` out.
    pub fn remove(&mut self, span: TimeRange) {
        let parts = self.0.iter().flat_map(|of| {
            let before = TimeRange::new(of.start, of.end.min(span.start));
            let after = TimeRange::new(of.start.max(span.end), of.end);
            [before, after]
        });
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        if !span.is_empty() {
            self.0 = parts;
        }
    }

    /// Whether some instant of `span` is in it.
    pub fn overlaps(&self, span: TimeRange) -> bool {
        let from = self.0.partition_point(|of| of.end <= span.start);
        self.0.get(from).is_some_and(|of| of.overlaps(&span))
    }
}

impl FromIterator<TimeRange> for Spans {
    fn from_iter<I: IntoIterator<Item = TimeRange>>(spans: I) -> Self {
        // Sorted first, so that millions take no time.
        let mut all: Vec<_> = spans.into_iter().filter(|span| !span.is_empty()).collect();
        all.sort_by_key(|span| span.start);
        let mut merged: Vec<TimeRange> = Vec::with_capacity(all.len());
        for span in all {
            match merged.last_mut().filter(|last| last.end >= span.start) {
                Some(last) => last.end = last.end.max(span.end),
                None => merged.push(span),
            }
        }
        Self(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_a_set_of_instants(
            changes in prop::collection::vec((any::<bool>(), 0..30_i64, 0..10_i64), 0..20),
        ) {
            let (mut spans, mut set) = (Spans::default(), std::collections::BTreeSet::new());
            for (insert, start, len) in changes {
                let span = TimeRange::new(start, start + len);
                for t in start..start + len {
                    if insert { set.insert(t); } else { set.remove(&t); }
                }
                if insert { spans.insert(span) } else { spans.remove(span) }
            }
            let instants: Vec<i64> = spans.iter().flat_map(|s| s.start..s.end).collect();
            prop_assert_eq!(instants, set.iter().copied().collect::<Vec<_>>());
            prop_assert!(spans.0.windows(2).all(|w| w[0].end < w[1].start));
            prop_assert_eq!(&spans.iter().collect::<Spans>(), &spans);
            prop_assert_eq!(spans.overlaps(TimeRange::new(7, 9)), set.contains(&7) || set.contains(&8));
        }
    }
}
