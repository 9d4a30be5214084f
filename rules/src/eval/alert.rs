//! The life of an alert: pending, firing, resolved.

use std::collections::BTreeMap;

use narthex_model::{Labels, TimestampMs};

/// How far an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertState {
    /// Its rule has not been evaluated yet.
    Unknown,
    /// Its condition does not hold.
    Inactive,
    /// Its condition holds, but not for long enough.
    Pending,
    /// It fires.
    Firing,
}

impl AlertState {
    /// The name in the API and in `alertstate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// An alert of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// How far it is.
    pub state: AlertState,
    /// What tells it from the other alerts of its rule, and of all.
    pub labels: Labels,
    /// Texts for people.
    pub annotations: BTreeMap<String, String>,
    /// The value of the expression when it was last there.
    pub value: f64,
    /// Since when the condition holds.
    pub active_at: TimestampMs,
    /// When it began to fire.
    pub fired_at: Option<TimestampMs>,
    /// When it ended.
    pub resolved_at: Option<TimestampMs>,
    /// When it was last sent.
    pub last_sent_at: Option<TimestampMs>,
    /// Until when whoever was told may take it as firing.
    pub valid_until: Option<TimestampMs>,
    /// Since when it fires only because it should go on for a while.
    pub keep_firing_since: Option<TimestampMs>,
}

/// What a rule's expression says of an alert at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// The alert's labels.
    pub labels: Labels,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
}

/// How long an alert that has ended is remembered, and told of.
pub const RESOLVED_RETENTION_MS: i64 = 15 * 60_000;

impl Alert {
    /// An alert whose condition begins to hold at `at`.
    pub(super) fn new(instance: Instance, at: TimestampMs) -> Self {
        Self {
            state: AlertState::Pending,
            labels: instance.labels,
            annotations: instance.annotations,
            value: instance.value,
            active_at: at,
            fired_at: None,
            resolved_at: None,
            last_sent_at: None,
            valid_until: None,
            keep_firing_since: None,
        }
    }

    /// Takes in that the condition still holds.
    pub(super) fn refresh(&mut self, instance: Instance) {
        self.value = instance.value;
        self.annotations = instance.annotations;
    }

    /// The condition holds at `at`.
    pub(super) fn holds(&mut self, at: TimestampMs, hold_ms: i64) {
        self.keep_firing_since = None;
        if self.state == AlertState::Pending && at - self.active_at >= hold_ms {
            self.state = AlertState::Firing;
            self.fired_at = Some(at);
        }
    }

    /// The condition does not hold at `at`.
    pub(super) fn ends(&mut self, at: TimestampMs, keep_firing_ms: i64) -> Ended {
        if self.state == AlertState::Firing && keep_firing_ms > 0 {
            let since = *self.keep_firing_since.get_or_insert(at);
            if at - since < keep_firing_ms {
                return Ended::GoesOn;
            }
        }
        let forgotten = |resolved: TimestampMs| at - resolved > RESOLVED_RETENTION_MS;
        if self.state == AlertState::Pending || self.resolved_at.is_some_and(forgotten) {
            return Ended::Forgotten;
        }
        if self.state != AlertState::Inactive {
            self.state = AlertState::Inactive;
            self.resolved_at = Some(at);
        }
        Ended::Remembered
    }

    /// Whether it should be sent at `at`.
    pub fn needs_sending(&self, at: TimestampMs, resend_delay_ms: i64) -> bool {
        if self.state == AlertState::Pending {
            return false;
        }
        match self.last_sent_at {
            None => true,
            Some(sent) => self.resolved_at.is_some_and(|r| r > sent) || sent + resend_delay_ms < at,
        }
    }
}

/// What became of an alert whose condition does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It goes on firing for a while.
    GoesOn,
    /// It is resolved, and told of for a while.
    Remembered,
    /// It is gone.
    Forgotten,
}
