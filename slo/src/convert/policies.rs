//! Which policies are those that a format has built in, and what none of the other formats says of them.

use crate::lost::Losses;
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

/// What all other formats lose of a policy.
pub(super) fn losses(policy: &Policy, losses: &mut Losses<'_>) {
    let has_least = matches!(policy.trigger, Trigger::Burn { min_bad, .. } if min_bad > 0.0);
    losses.policy_if(has_least, policy, "min_bad is not kept");
    let keeps = policy.keep_firing_ms > 0;
    losses.policy_if(keeps, policy, "keep_firing_for is not kept");
}

/// The policy of the same trigger.
pub(super) fn find<'p>(policies: &'p [Policy], wanted: &Policy) -> Option<&'p Policy> {
    let alike = |policy: &&Policy| same_burn(&policy.trigger, &wanted.trigger);
    policies.iter().find(alike)
}
