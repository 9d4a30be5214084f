//! How an SLO is kept, and what the conditions of its policies say.

use serde_json::{Value, json};

use crate::slos::Known;
use crate::times::format_time;

/// Where it stands in the specs, and how far its slices were counted.
pub(super) fn kept(known: &Known) -> [(String, Value); 5] {
    let fields = [
        ("place", known.placed.place.as_str().into()),
        ("counted_until", format_time(known.at).into()),
        ("filled", known.progress.into()),
        ("error", known.error.as_deref().into()),
        ("conditions", conditions(known).into()),
    ];
    fields.map(|(name, value)| (name.to_owned(), value))
}

/// The conditions of policies as they are.
pub(super) fn conditions(known: &Known) -> Vec<Value> {
    let shown = known.conditions.iter().filter_map(|condition| {
        let policy = known.placed.slo.policies.get(condition.policy)?;
        Some(json!({
            "policy": policy.name,
            "alert": policy.alert,
            "severity": policy.severity,
            "consequence": policy.consequence,
            "group_labels": crate::json::by_name(&condition.group),
            "holds": condition.holds,
            "measured": condition.verdict != narthex_slo::burn::Verdict::Unmeasured,
            "value": condition.value.is_finite().then_some(condition.value),
        }))
    });
    shown.collect()
}
