//! Targets in the form of Prometheus' API.

use std::collections::BTreeMap;

use narthex_ingest::{DroppedTarget, TargetStatus, TargetsSnapshot};
use serde_json::{Value, json};

use crate::json::by_name;
use crate::times::time_or_never;

/// The targets at one moment.
pub(crate) struct Targets(pub(super) TargetsSnapshot);

impl Targets {
    /// The JSON of those in `pool`, or of all; without the active or the dropped ones where they are not wanted.
    pub(crate) fn to_json(&self, active: bool, dropped: bool, pool: Option<&str>) -> Value {
        let wanted = |job: &str| pool.is_none_or(|p| p == job);
        let active_targets: Vec<_> = self
            .0
            .active
            .iter()
            .filter(|t| active && wanted(&t.job))
            .map(active_target)
            .collect();
        let dropped_targets: Vec<_> = self
            .0
            .dropped
            .iter()
            .filter(|(job, _)| dropped && wanted(job))
            .map(|(job, t)| dropped_target(job, t))
            .collect();
        let counts: BTreeMap<&str, usize> = self
            .0
            .pools
            .iter()
            .filter(|p| dropped && wanted(&p.job))
            .map(|p| (&*p.job, p.dropped_count))
            .collect();
        json!({ "activeTargets": active_targets, "droppedTargets": dropped_targets, "droppedTargetCounts": counts })
    }
}

fn active_target(status: &TargetStatus) -> Value {
    let target = &status.target;
    json!({
        "discoveredLabels": by_name(&target.discovered),
        "labels": by_name(&target.labels),
        "scrapePool": &*status.job,
        "scrapeUrl": target.url.to_string(),
        "globalUrl": target.url.to_string(),
        "lastError": status.last_error.as_deref().unwrap_or(""),
        "lastScrape": time_or_never(status.last_scrape),
        "lastScrapeDuration": status.last_duration.as_secs_f64(),
        "health": status.health.as_str(),
        "scrapeInterval": target.interval.to_string(),
        "scrapeTimeout": target.timeout.to_string(),
    })
}

fn dropped_target(job: &str, target: &DroppedTarget) -> Value {
    json!({ "discoveredLabels": by_name(&target.discovered), "scrapePool": job })
}
