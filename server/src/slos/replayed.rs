//! A policy replayed over the past, for programs.

use narthex_slo::backtest::Backtest;
use narthex_slo::spec::Policy;
use serde_json::{Value, json};

use crate::times::format_time;

/// A policy that was replayed.
pub(crate) struct Replayed {
    /// The SLO's id.
    pub(crate) slo: String,
    /// The policy.
    pub(crate) policy: Policy,
    /// What it would have done.
    pub(crate) result: Backtest,
}

impl Replayed {
    /// As JSON, with every alert and incident.
    pub(crate) fn to_json(&self) -> Value {
        let Self {
            slo,
            policy,
            result,
        } = self;
        let fired: Vec<Value> = result
            .fired
            .iter()
            .map(|f| {
                json!({
                    "activeAt": format_time(f.active_at),
                    "firedAt": format_time(f.span.start),
                    "endedAt": (!f.ongoing).then(|| format_time(f.span.end)),
                    "value": f.value,
                })
            })
            .collect();
        let detections: Vec<Value> = result
            .detections
            .iter()
            .map(|d| {
                json!({
                    "start": format_time(d.incident.start),
                    "end": format_time(d.incident.end),
                    "delaySeconds": d.delay_ms.map(|ms| ms as f64 / 1000.0),
                    "resetSeconds": d.reset_ms.map(|ms| ms as f64 / 1000.0),
                    "spentBefore": d.spent_before,
                })
            })
            .collect();
        json!({
            "slo": slo,
            "policy": policy.name,
            "severity": policy.severity,
            "firedPerWeek": result.pages_per_week,
            "detectionDelaySeconds": result.detection_delay_ms.map(|ms| ms / 1000.0),
            "resetSeconds": result.reset_ms.map(|ms| ms / 1000.0),
            "spentBefore": result.spent_before,
            "precision": result.precision,
            "recall": result.recall,
            "longestSilentBurn": result.longest_silent_burn.map(|s| [format_time(s.start), format_time(s.end)]),
            "fired": fired,
            "incidents": detections,
        })
    }
}
