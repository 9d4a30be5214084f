//! What `/api/v1/targets` and `/api/v1/scrape_pools` show.

use std::sync::Arc;

use crate::scrape::TargetStatus;
use crate::targets::DroppedTarget;

/// All targets at one moment.
#[derive(Debug, Clone, Default)]
pub struct TargetsSnapshot {
    /// Targets that are scraped.
    pub active: Vec<TargetStatus>,
    /// Targets that relabelling dropped, with the name of their job; at most `keep_dropped_targets` of each job.
    pub dropped: Vec<(Arc<str>, DroppedTarget)>,
    /// The jobs.
    pub pools: Vec<PoolStatus>,
}

/// A job and what went wrong when its targets were looked for.
#[derive(Debug, Clone)]
pub struct PoolStatus {
    /// The job's name.
    pub job: Arc<str>,
    /// How many targets were dropped, those not kept for display included.
    pub dropped_count: usize,
    /// Target files that cannot be read, targets without an address and the like.
    pub problems: Vec<String>,
}
