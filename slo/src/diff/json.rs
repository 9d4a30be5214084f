//! A change as JSON.

use narthex_model::{Error, Result};
use serde_json::{Value, json};

use super::{Change, Diff, Effect, Past, States};
use crate::generation::generation;
use crate::outcome::Outcome;
use crate::report::times::rfc3339;
use crate::spec::Slo;

/// Grows when a name or a meaning changes; what is only added leaves it.
const FORMAT_VERSION: u32 = 1;

/// Writes a change.
///
/// # Errors
/// None that memory has; the writer below could fail in other places.
pub fn write(diff: &Diff) -> Result<String> {
    let over = diff.over;
    let past = over.and_then(|over| over.past);
    let value = json!({
        "format": "narthex-slo-diff",
        "format_version": FORMAT_VERSION,
        "at": over.map(|over| rfc3339(over.at)),
        "from": past.map(|past| rfc3339(past.start)),
        "same": diff.same,
        "changes": diff.changes.iter().map(change).collect::<Vec<_>>(),
    });
    let written = serde_json::to_string_pretty(&value);
    let text =
        written.map_err(|e| Error::internal("cannot write a change as JSON").with_source(e))?;
    Ok(text + "\n")
}

fn change(change: &Change) -> Value {
    let fields = change.fields.iter();
    let fields = fields
        .map(|field| json!({"field": field.name, "before": field.before, "after": field.after}));
    let generation_of = |slo: &Option<Slo>| slo.as_ref().map(|slo| generation(slo).to_string());
    let measured = change.measured.as_ref();
    json!({
        "slo": change.id,
        "change": change.kind().as_str(),
        "slices": change.history().as_str(),
        "generation": {"before": generation_of(&change.before), "after": generation_of(&change.after)},
        "parts": change.parts,
        "fields": fields.collect::<Vec<_>>(),
        "windows": measured.map(|m| m.effects.iter().map(effect).collect::<Vec<_>>()),
        "days": measured.and_then(|m| m.past.as_ref()).map(past),
    })
}

fn effect(effect: &Effect) -> Value {
    json!({
        "window": effect.window.to_string(),
        "before": effect.before.as_ref().map(outcome),
        "after": effect.after.as_ref().map(outcome),
    })
}

fn outcome(outcome: &Outcome) -> Value {
    let Outcome { counts, .. } = outcome;
    json!({
        "from": rfc3339(outcome.span.start),
        "to": rfc3339(outcome.span.end),
        "good": counts.good,
        "total": counts.total,
        "bad": counts.bad,
        "attained": outcome.attained,
        "budget_remaining": crate::report::whole(outcome).remaining(),
        "coverage": outcome.coverage,
        "state": outcome.state.as_str(),
    })
}

fn past(past: &Past) -> Value {
    json!({"before": past.before.as_ref().map(states), "after": past.after.as_ref().map(states)})
}

fn states(states: &States) -> Value {
    json!({
        "days": states.days,
        "blown": states.blown,
        "at_risk": states.at_risk,
        "unknown": states.unknown,
        "alerts": states.alerts,
    })
}
