//! Policies, written.

use serde_yaml::Value;

use super::duration;
use crate::policies::ALERT;
use crate::spec::{BurnTier, Policy, Trigger};
use crate::yaml::{map, number, texts};

pub(super) fn policy(policy: &Policy) -> Value {
    let text = |text: &str| (!text.is_empty()).then(|| Value::from(text));
    let length = |ms: i64| (ms > 0).then(|| duration(ms));
    let (kind, trigger, min_bad, scaled_from) = trigger(&policy.trigger);
    map([
        ("name", Some(policy.name.as_str().into())),
        ("severity", Some(policy.severity.as_str().into())),
        (
            "alert",
            text(&policy.alert).filter(|_| policy.alert != ALERT),
        ),
        (kind, Some(trigger)),
        ("min_bad", min_bad),
        ("scaled_from", scaled_from),
        ("for", length(policy.for_ms)),
        ("keep_firing_for", length(policy.keep_firing_ms)),
        ("consequence", text(&policy.consequence)),
        ("labels", texts(&policy.labels)),
        ("annotations", texts(&policy.annotations)),
    ])
}

type Written = (&'static str, Value, Option<Value>, Option<Value>);

fn trigger(trigger: &Trigger) -> Written {
    match trigger {
        Trigger::Burn {
            tiers,
            min_bad,
            scaled_from_ms,
        } => {
            let tiers = Value::Sequence(tiers.iter().map(tier).collect());
            let least = (*min_bad > 0.0).then(|| number(*min_bad));
            ("burn", tiers, least, scaled_from_ms.map(duration))
        }
        Trigger::Spent(fraction) => ("spent", number(*fraction), None, None),
        Trigger::Drop {
            fraction,
            within_ms,
        } => {
            let drop = map([
                ("fraction", Some(number(*fraction))),
                ("within", Some(duration(*within_ms))),
            ]);
            ("drop", drop, None, None)
        }
        Trigger::ExhaustedWithin(ms) => ("exhausted_within", duration(*ms), None, None),
        Trigger::Coverage { below, within_ms } => {
            let coverage = map([
                ("below", Some(number(*below))),
                ("within", Some(duration(*within_ms))),
            ]);
            ("coverage", coverage, None, None)
        }
    }
}

fn tier(tier: &BurnTier) -> Value {
    map([
        ("factor", Some(number(tier.factor))),
        ("long", Some(duration(tier.long_ms))),
        ("short", Some(duration(tier.short_ms))),
    ])
}
