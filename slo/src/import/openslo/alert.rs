//! Alert policies and their conditions.

use narthex_settings::{Keys, Node};

use super::duration::Duration;
use super::objects::{Object, Objects, metadata_of_inline, open, spec};
use crate::policies::policy;
use crate::spec::{BurnTier, Policy, Trigger};

/// The label of alerts under which the names of their targets are.
const TARGETS: &str = "notification_targets";

/// The value of `alertPolicies`.
pub(super) fn policies(slo: &Keys<'_>, objects: &Objects<'_>) -> Option<Vec<Policy>> {
    let Some(node) = slo.get("alertPolicies") else {
        return Some(Vec::new());
    };
    let mut all: Vec<Policy> = Vec::new();
    for node in node.list()? {
        let object = object(&node, "AlertPolicy", "alertPolicyRef", objects)?;
        for policy in of_object(&object, &node, objects)? {
            if all.iter().any(|before| before.name == policy.name) {
                let message = format!(
                    "there is a policy \"{}\" already, expected another name",
                    policy.name
                );
                return node.problem(message);
            }
            all.push(policy);
        }
    }
    Some(all)
}

/// An object that stands there or is named.
fn object<'d>(
    node: &Node<'d>,
    kind: &'static str,
    reference: &'static str,
    objects: &Objects<'d>,
) -> Option<Object<'d>> {
    let keys = node.keys(&["apiVersion", "kind", "metadata", "spec", reference])?;
    if let Some(name) = keys.get(reference) {
        return open(objects.resolve(kind, &name)?, kind);
    }
    let inner = keys.need_as("spec", &format!("it, or {reference}"))?;
    Some(Object {
        metadata: metadata_of_inline(&keys)?,
        spec: spec(&inner, kind)?,
    })
}

fn of_object(object: &Object<'_>, place: &Node<'_>, objects: &Objects<'_>) -> Option<Vec<Policy>> {
    let keys = &object.spec;
    let truth = |key, usual| keys.get(key).map_or(Some(usual), |node| node.truth());
    let breaching = truth("alertWhenBreaching", true)?;
    let no_data = truth("alertWhenNoData", false)?;
    if truth("alertWhenResolved", false)? {
        keys.node()
            .note("alertWhenResolved: that an alert has ended is always told");
    }
    let list = keys.need_as("conditions", "a list of one condition")?;
    let conditions = list.list()?;
    let [one] = conditions.as_slice() else {
        return list.problem(format_args!(
            "{} conditions, expected exactly one",
            conditions.len()
        ));
    };
    let condition = self::object(one, "AlertCondition", "conditionRef", objects)?;
    let names = [&object.metadata.name, &condition.metadata.name];
    let name = names.into_iter().find(|name| !name.is_empty());
    let Some(name) = name else {
        return place.problem("metadata.name is missing, expected it here or in the condition");
    };
    let mut burns = of_condition(&condition, name)?;
    burns.labels.extend(targets(keys, objects)?);
    burns.consequence = keys.text_or_empty("description");
    let blind = Policy {
        name: format!("{name}-no-data"),
        trigger: Trigger::Coverage {
            below: 0.01,
            within_ms: lookback(&burns.trigger),
        },
        ..burns.clone()
    };
    let wanted = [(breaching, burns), (no_data, blind)];
    Some(
        wanted
            .into_iter()
            .filter_map(|(wanted, policy)| wanted.then_some(policy))
            .collect(),
    )
}

fn lookback(trigger: &Trigger) -> i64 {
    match trigger {
        Trigger::Burn { tiers, .. } => tiers.first().map_or(0, |tier| tier.long_ms),
        _ => 0,
    }
}

fn of_condition(object: &Object<'_>, name: &str) -> Option<Policy> {
    let severity = object
        .spec
        .need_as("severity", "a word such as page")?
        .text()?;
    let node = object
        .spec
        .need_as("condition", "a mapping with the threshold")?;
    let keys = node.keys(&["kind", "op", "threshold", "lookbackWindow", "alertAfter"])?;
    if let Some(kind) = keys.get("kind") {
        kind.one_of(&[("burnrate", ()), ("Burnrate", ())])?;
    }
    if let Some(op) = keys.get("op") {
        let low = Some("read as gt: a low burn rate is nothing to be told of");
        let ops = [
            ("gt", None),
            ("gte", Some("read as gt")),
            ("lt", low),
            ("lte", low),
        ];
        if let Some(note) = op.one_of(&ops)? {
            op.note(note);
        }
    }
    let threshold_node = keys.need_as("threshold", "a burn rate such as 2")?;
    let factor = threshold_node.number()?;
    if factor <= 0.0 {
        return threshold_node.expected("more than 0");
    }
    let lookback = keys.need_as("lookbackWindow", "a duration such as 1h")?;
    let lookback_ms = Duration::read(&lookback)?.ms().0;
    let for_ms = match keys.get("alertAfter") {
        // Zero is the one duration that OpenSLO itself writes as such.
        Some(node)
            if node
                .value()
                .as_str()
                .is_some_and(|text| text.starts_with("0")) =>
        {
            0
        }
        Some(node) => Duration::read(&node)?.ms().0,
        None => 0,
    };
    let tier = BurnTier {
        factor,
        long_ms: lookback_ms,
        short_ms: lookback_ms,
    };
    let trigger = Trigger::Burn {
        tiers: vec![tier],
        min_bad: 0.0,
        scaled_from_ms: None,
    };
    Some(Policy {
        for_ms,
        ..policy(name, &severity, trigger)
    })
}

/// The names of the targets, as a label.
fn targets(keys: &Keys<'_>, objects: &Objects<'_>) -> Option<Option<(String, String)>> {
    let Some(node) = keys.get("notificationTargets") else {
        return Some(None);
    };
    let mut names = Vec::new();
    for node in node.list()? {
        let keys = node.keys(&["apiVersion", "kind", "metadata", "spec", "targetRef"])?;
        if let Some(reference) = keys.get("targetRef") {
            let name = reference.text()?;
            if objects.find("AlertNotificationTarget", &name).is_none() {
                reference
                    .note("no such target in the files: its name goes out as a label all the same");
            }
            names.push(name);
            continue;
        }
        let object = object(&node, "AlertNotificationTarget", "targetRef", objects)?;
        names.push(object.metadata.name);
    }
    if names.is_empty() {
        return Some(None);
    }
    node.note(format_args!(
        "the names of targets go out as the label {TARGETS}"
    ));
    Some(Some((TARGETS.to_owned(), names.join(","))))
}
