//! What there is to know of groups and rules, for people and for the API.

use std::sync::Arc;
use std::time::Duration;

use narthex_model::TimestampMs;

use super::alert::{Alert, AlertState};
use crate::file::RuleSpec;

/// How a rule is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It has not been evaluated.
    Unknown,
    /// It could be evaluated.
    Good,
    /// It could not.
    Bad,
}

impl Health {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Good => "ok",
            Self::Bad => "err",
        }
    }
}

/// A group after its last evaluation.
#[derive(Debug, Clone)]
pub struct GroupStatus {
    /// The file.
    pub file: String,
    /// The name.
    pub name: String,
    /// How often it is evaluated.
    pub interval_ms: i64,
    /// How far in the past.
    pub query_offset_ms: i64,
    /// How many series or alerts a rule may give; 0: any number.
    pub limit: usize,
    /// How long the last evaluation took.
    pub evaluation_time: Duration,
    /// When it began.
    pub last_evaluation: Option<TimestampMs>,
    /// The rules in order.
    pub rules: Vec<RuleStatus>,
}

/// A rule after its last evaluation.
#[derive(Debug, Clone)]
pub struct RuleStatus {
    /// The rule.
    pub spec: Arc<RuleSpec>,
    /// Its expression, printed.
    pub query: Arc<str>,
    /// How it is doing.
    pub health: Health,
    /// Why it could not be evaluated.
    pub last_error: Option<Arc<str>>,
    /// How long the last evaluation took.
    pub evaluation_time: Duration,
    /// When it began.
    pub last_evaluation: Option<TimestampMs>,
    /// The furthest that one of its alerts is; `None` for recording rules.
    pub state: Option<AlertState>,
    /// Alerts that are pending or firing.
    pub alerts: Vec<Alert>,
}
