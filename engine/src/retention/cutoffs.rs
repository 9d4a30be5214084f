//! A retention at one moment: before which time samples are out of it.

use std::sync::Arc;

use narthex_model::{LabelsRef, TimeRange, TimestampMs};

use super::Retention;

/// The oldest times that are kept.
#[derive(Clone)]
pub(crate) struct Cutoffs {
    retention: Arc<Retention>,
    now: TimestampMs,
}

impl Cutoffs {
    /// Those of `retention` when it is `now`.
    pub(crate) fn new(retention: Arc<Retention>, now: TimestampMs) -> Self {
        Self { retention, now }
    }

    /// What is kept of the series with these labels.
    pub(crate) fn kept(&self, labels: LabelsRef<'_>) -> TimeRange {
        let accepts = |rule: &&super::RetentionRule| {
            let mut matchers = rule.matchers.iter();
            matchers.all(|m| m.accepts_labels(labels))
        };
        let rule = self.retention.rules.iter().find(accepts);
        self.after(rule.map_or(self.retention.time_ms, |r| r.time_ms))
    }

    /// What is kept of some series; of others less.
    pub(crate) fn horizon(&self) -> TimeRange {
        let rules = self.retention.rules.iter().map(|r| r.time_ms);
        let times = rules.chain([self.retention.time_ms]);
        // The longest; for ever if one of them is.
        let longest = times.reduce(|a, b| Some(a?.max(b?))).flatten();
        self.after(longest)
    }

    /// Whether all series are kept as long.
    pub(crate) fn are_equal(&self) -> bool {
        self.retention.rules.is_empty()
    }

    fn after(&self, time_ms: Option<i64>) -> TimeRange {
        let start = time_ms.map_or(i64::MIN, |time| self.now.saturating_sub(time));
        TimeRange::new(start, i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::RetentionRule;
    use super::*;
    use narthex_model::{Labels, Matcher};

    #[test]
    fn the_first_rule_that_accepts_decides() {
        let rule = |job: &str, time_ms| RetentionRule {
            matchers: vec![Matcher::equal("job", job)],
            time_ms,
        };
        let mut retention = Retention {
            time_ms: Some(100),
            size_bytes: None,
            rules: vec![rule("a", Some(10)), rule("a", None), rule("b", Some(500))],
        };
        let kept = |retention: &Retention, job: &str| {
            let cutoffs = Cutoffs::new(Arc::new(retention.clone()), 1_000);
            let labels = Labels::new([("job", job)]).expect("valid");
            (cutoffs.kept(labels.as_ref()).start, cutoffs.horizon().start)
        };
        assert_eq!(kept(&retention, "a"), (990, i64::MIN));
        assert_eq!(kept(&retention, "b"), (500, i64::MIN));
        assert_eq!(kept(&retention, "c"), (900, i64::MIN));
        retention.rules.remove(1);
        assert_eq!(kept(&retention, "c"), (900, 500));
        retention.time_ms = None;
        assert_eq!(kept(&retention, "c"), (i64::MIN, i64::MIN));
    }
}
