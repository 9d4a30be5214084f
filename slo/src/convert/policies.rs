//! Which policies are those that a format has built in.

use crate::spec::{Policy, Trigger};

/// Whether two triggers are the same, whatever bad events they ask for.
pub(super) fn same_burn(a: &Trigger, b: &Trigger) -> bool {
    match (a, b) {
        (
            Trigger::Burn {
                tiers: a,
                scaled_from_ms: from_a,
                ..
            },
            Trigger::Burn {
                tiers: b,
                scaled_from_ms: from_b,
                ..
            },
        ) => a == b && from_a == from_b,
        _ => a == b,
    }
}

/// Whether the trigger asks for bad events.
pub(super) fn has_least(trigger: &Trigger) -> bool {
    matches!(trigger, Trigger::Burn { min_bad, .. } if *min_bad > 0.0)
}

/// The policy of the same trigger.
pub(super) fn find<'p>(policies: &'p [Policy], wanted: &Policy) -> Option<&'p Policy> {
    let alike = |policy: &&Policy| same_burn(&policy.trigger, &wanted.trigger);
    policies.iter().find(alike)
}
