//! How a target is doing, for `/api/v1/targets`.

use std::sync::Arc;
use std::time::Duration;

use narthex_model::TimestampMs;

use crate::targets::Target;

/// Whether the last scrape worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// Not scraped yet.
    #[default]
    Unknown,
    /// It worked.
    Up,
    /// It failed.
    Down,
}

impl Health {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// A target and how its last scrape went.
#[derive(Debug, Clone)]
pub struct TargetStatus {
    /// The job's name ("scrape pool").
    pub job: Arc<str>,
    /// The target.
    pub target: Arc<Target>,
    /// Whether the last scrape worked.
    pub health: Health,
    /// Why the last scrape failed, or why its samples could not be stored.
    pub last_error: Option<String>,
    /// The timestamp of the last scrape.
    pub last_scrape: Option<TimestampMs>,
    /// How long it took.
    pub last_duration: Duration,
}
