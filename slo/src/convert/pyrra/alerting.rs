//! Pyrra's alerts, as far as the policies are those.

use std::collections::BTreeMap;

use serde_yaml::Value;

use crate::convert::policies::{self, find};
use crate::lost::Losses;
use crate::policies::{ALERT, pyrra, pyrra_absent_ms};
use crate::spec::{Policy, Slo, Trigger};
use crate::yaml::map;

/// What Pyrra's alerts on absence ask for: less than anything.
const ABSENT: f64 = 0.01;

/// The policies that Pyrra has.
pub(super) struct Alerts<'s> {
    /// The four that burn: all of them or none.
    burns: [Option<&'s Policy>; 4],
    absent: Option<&'s Policy>,
}

impl<'s> Alerts<'s> {
    pub(super) fn of(slo: &'s Slo, window_ms: i64) -> Self {
        let usual = pyrra(window_ms);
        let found = usual
            .each_ref()
            .map(|usual| find(&slo.policies, usual).filter(|p| p.for_ms == usual.for_ms));
        let absent_ms = pyrra_absent_ms(window_ms, slo.objective.target);
        let is_absent = |policy: &&Policy| matches!(policy.trigger, Trigger::Coverage { within_ms, .. } if within_ms == absent_ms);
        let has_all = found.iter().all(Option::is_some);
        Self {
            burns: if has_all { found } else { [None; 4] },
            absent: slo.policies.iter().find(is_absent),
        }
    }

    fn kept(&self) -> impl Iterator<Item = &'s Policy> {
        self.burns.into_iter().chain([self.absent]).flatten()
    }

    /// Those of all alerts.
    pub(super) fn annotations(&self) -> Option<&'s BTreeMap<String, String>> {
        self.kept().next().map(|policy| &policy.annotations)
    }

    /// The name of those that burn.
    fn name(&self) -> Option<&'s str> {
        self.burns[0].map(|policy| policy.alert.as_str())
    }

    /// Says what Pyrra does not keep of policies.
    pub(super) fn losses(&self, slo: &Slo, losses: &mut Losses<'_>) {
        for policy in &slo.policies {
            if self.kept().any(|kept| std::ptr::eq(kept, policy)) {
                self.losses_of(policy, losses);
            } else {
                losses.policy_if(true, policy, "Pyrra has no such alert");
            }
        }
    }

    fn losses_of(&self, policy: &Policy, losses: &mut Losses<'_>) {
        policies::losses(policy, losses);
        let has_consequence = !policy.consequence.is_empty();
        losses.policy_if(has_consequence, policy, "consequence is not kept");
        let labels = "labels are not kept: alerts have those of the SLO";
        losses.policy_if(!policy.labels.is_empty(), policy, labels);
        let other = self.annotations() != Some(&policy.annotations);
        let annotations = "annotations are not kept: all alerts have those of the first";
        losses.policy_if(other, policy, annotations);
        if let Trigger::Coverage { below, .. } = policy.trigger {
            let absent = "fires when nothing at all is seen";
            losses.policy_if(below != ABSENT, policy, absent);
            losses.policy_if(policy.for_ms > 0, policy, "for is not kept");
        } else if let Some(name) = self.name().filter(|name| *name != policy.alert) {
            losses.policy_if(true, policy, format_args!("the alert is called {name}"));
        }
    }

    /// The value of `alerting`; `None`: all is as usual.
    pub(super) fn written(&self) -> Option<Value> {
        let severity = |policy: Option<&Policy>, usual: &str| {
            let severity = policy.map(|policy| policy.severity.as_str());
            severity.filter(|word| *word != usual).map(Value::from)
        };
        let [fast, medium, slow, long] = self.burns;
        let severities = map([
            ("absent", severity(self.absent, "critical")),
            ("fastBurn", severity(fast, "critical")),
            ("mediumBurn", severity(medium, "critical")),
            ("slowBurn", severity(slow, "warning")),
            ("longTermBurn", severity(long, "warning")),
        ]);
        let absent_name = self.absent.map(|policy| policy.alert.as_str());
        let unless =
            |name: Option<&str>, usual: &str| name.filter(|name| *name != usual).map(Value::from);
        not_empty(map([
            ("burnrates", fast.is_none().then(|| false.into())),
            ("absent", self.absent.is_none().then(|| false.into())),
            ("name", unless(self.name(), ALERT)),
            ("absentName", unless(absent_name, "SLOMetricAbsent")),
            ("severities", not_empty(severities)),
        ]))
    }
}

fn not_empty(value: Value) -> Option<Value> {
    let is_empty = value.as_mapping().is_none_or(serde_yaml::Mapping::is_empty);
    (!is_empty).then_some(value)
}
