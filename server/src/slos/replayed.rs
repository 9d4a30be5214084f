//! A policy replayed over the past, as programs read it.

use narthex_model::TimestampMs;
use narthex_slo::backtest::{Backtest, Detection, Firing};
use narthex_slo::spec::Policy;
use serde::{Deserialize, Serialize};

use crate::times::{format_time, parse_time};

/// A policy that was replayed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Replayed {
    /// The SLO's id.
    pub(crate) slo: String,
    /// The policy's name.
    pub(crate) policy: String,
    pub(crate) severity: String,
    pub(crate) fired_per_week: f64,
    /// Means over the incidents that it told of.
    pub(crate) detection_delay_seconds: Option<f64>,
    pub(crate) reset_seconds: Option<f64>,
    /// The largest fraction of the budget that was spent in an incident before it fired.
    pub(crate) spent_before: f64,
    pub(crate) precision: Option<f64>,
    pub(crate) recall: Option<f64>,
    pub(crate) longest_silent_burn: Option<[Instant; 2]>,
    pub(crate) fired: Vec<Fired>,
    pub(crate) incidents: Vec<Detected>,
}

/// An alert.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fired {
    active_at: Instant,
    fired_at: Instant,
    /// `None`: it still fires.
    ended_at: Option<Instant>,
    value: Option<f64>,
}

/// What a policy made of an incident.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detected {
    start: Instant,
    end: Instant,
    delay_seconds: Option<f64>,
    reset_seconds: Option<f64>,
    spent_before: f64,
}

/// An instant, RFC 3339 where it is written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Instant(pub(crate) TimestampMs);

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        format_time(instant.0)
    }
}

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse_time(&text).map(Self)
    }
}

impl Replayed {
    /// What came of replaying a policy of an SLO.
    pub(super) fn new(slo: &str, policy: &Policy, result: &Backtest) -> Self {
        let silent = result.longest_silent_burn;
        Self {
            slo: slo.to_owned(),
            policy: policy.name.clone(),
            severity: policy.severity.clone(),
            fired_per_week: result.pages_per_week,
            detection_delay_seconds: result.detection_delay_ms.map(seconds),
            reset_seconds: result.reset_ms.map(seconds),
            spent_before: result.spent_before,
            precision: result.precision,
            recall: result.recall,
            longest_silent_burn: silent.map(|span| [Instant(span.start), Instant(span.end)]),
            fired: result.fired.iter().map(Fired::new).collect(),
            incidents: result.detections.iter().map(Detected::new).collect(),
        }
    }
}

impl Fired {
    fn new(firing: &Firing) -> Self {
        Self {
            active_at: Instant(firing.active_at),
            fired_at: Instant(firing.span.start),
            ended_at: (!firing.ongoing).then_some(Instant(firing.span.end)),
            value: firing.value.is_finite().then_some(firing.value),
        }
    }
}

impl Detected {
    fn new(detection: &Detection) -> Self {
        Self {
            start: Instant(detection.incident.start),
            end: Instant(detection.incident.end),
            delay_seconds: detection.delay_ms.map(|ms| seconds(ms as f64)),
            reset_seconds: detection.reset_ms.map(|ms| seconds(ms as f64)),
            spent_before: detection.spent_before,
        }
    }
}

fn seconds(ms: f64) -> f64 {
    ms / 1000.0
}
