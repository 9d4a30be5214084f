//! Policies, in our own format.

use narthex_settings::{Keys, Node};

use super::value::fraction;
use crate::policies::{ALERT, NAMES, built_in};
use crate::spec::{BurnTier, Policy, Trigger};

const TRIGGERS: [&str; 5] = ["burn", "spent", "drop", "exhausted_within", "coverage"];

const KEYS: [&str; 15] = [
    "name",
    "alert",
    "severity",
    "burn",
    "spent",
    "drop",
    "exhausted_within",
    "coverage",
    "min_bad",
    "scaled_from",
    "for",
    "keep_firing_for",
    "consequence",
    "labels",
    "annotations",
];

/// A list of policies, for an SLO window of this length.
pub(super) fn policies(nodes: &[Node<'_>], window_ms: i64) -> Option<Vec<Policy>> {
    let mut all: Vec<Policy> = Vec::new();
    let mut complete = true;
    for node in nodes {
        let Some(read) = policy(node, window_ms) else {
            complete = false;
            continue;
        };
        for policy in read {
            if all.iter().any(|before| before.name == policy.name) {
                node.problem::<()>(format_args!(
                    "there is a policy \"{}\" already, expected another name",
                    policy.name
                ));
                complete = false;
            }
            all.push(policy);
        }
    }
    complete.then_some(all)
}

/// The name of policies that are known, with or without changes, or a policy.
fn policy(node: &Node<'_>, window_ms: i64) -> Option<Vec<Policy>> {
    if !node.value().is_mapping() {
        return known(node, window_ms);
    }
    if node.value().get("use").is_some() {
        return changed(node, window_ms);
    }
    one(&node.keys(&KEYS)?, window_ms).map(|policy| vec![policy])
}

fn known(node: &Node<'_>, window_ms: i64) -> Option<Vec<Policy>> {
    let names: Vec<_> = NAMES.iter().map(|name| (*name, *name)).collect();
    built_in(node.one_of(&names)?, window_ms)
}

fn changed(node: &Node<'_>, window_ms: i64) -> Option<Vec<Policy>> {
    let keys = node.keys(&[
        "use",
        "alert",
        "min_bad",
        "keep_firing_for",
        "labels",
        "annotations",
    ])?;
    let mut policies = known(&keys.need("use")?, window_ms)?;
    let least = match keys.get("min_bad") {
        Some(node) => Some(events(&node)?),
        None => None,
    };
    for policy in &mut policies {
        if let (Some(least), Trigger::Burn { min_bad, .. }) = (least, &mut policy.trigger) {
            *min_bad = least;
        }
        if let Some(node) = keys.get("alert") {
            policy.alert = node.text()?;
        }
        if let Some(node) = keys.get("keep_firing_for") {
            policy.keep_firing_ms = node.duration()?;
        }
        policy.labels.extend(keys.texts_or_none("labels"));
        policy.annotations.extend(keys.texts_or_none("annotations"));
    }
    Some(policies)
}

fn one(keys: &Keys<'_>, window_ms: i64) -> Option<Policy> {
    let severity = keys.need_as(
        "severity",
        "page, ticket or another word that receivers know",
    );
    let severity = severity.and_then(|node| node.text());
    let name = keys.need_as("name", "a name that no other policy of the SLO has");
    let name = name.and_then(|node| node.text());
    let trigger = trigger(keys, window_ms);
    let hold = |key| keys.get(key).map_or(Some(0), |node| node.duration());
    let (for_ms, keep_firing_ms) = (hold("for"), hold("keep_firing_for"));
    let alert = keys.text_or_empty("alert");
    Some(Policy {
        name: name?,
        alert: if alert.is_empty() {
            ALERT.to_owned()
        } else {
            alert
        },
        severity: severity?,
        trigger: trigger?,
        for_ms: for_ms?,
        keep_firing_ms: keep_firing_ms?,
        consequence: keys.text_or_empty("consequence"),
        labels: keys.texts_or_none("labels"),
        annotations: keys.texts_or_none("annotations"),
    })
}

fn trigger(keys: &Keys<'_>, window_ms: i64) -> Option<Trigger> {
    let kind = keys.exactly_one(&TRIGGERS)?;
    if kind != "burn"
        && let Some(node) = ["min_bad", "scaled_from"]
            .iter()
            .find_map(|key| keys.get(key))
    {
        return node.problem(format_args!(
            "means nothing with {kind}, expected it with burn"
        ));
    }
    let node = keys.get(kind)?;
    match kind {
        "burn" => burn(keys, &node, window_ms),
        "spent" => match node.value().as_f64() {
            // More than the whole budget can be spent.
            Some(number) if number > 1.0 => Some(Trigger::Spent(number)),
            _ => spent(&node).map(Trigger::Spent),
        },
        "exhausted_within" => node.duration().map(Trigger::ExhaustedWithin),
        "drop" => {
            let keys = node.keys(&["fraction", "within"])?;
            let fraction = keys.need("fraction").and_then(|node| fraction(&node));
            let within = keys.need("within").and_then(|node| node.duration());
            Some(Trigger::Drop {
                fraction: fraction?,
                within_ms: within?,
            })
        }
        _ => {
            let keys = node.keys(&["below", "within"])?;
            let below = keys.need("below").and_then(|node| fraction(&node));
            let within = keys.need("within").and_then(|node| node.duration());
            Some(Trigger::Coverage {
                below: below?,
                within_ms: within?,
            })
        }
    }
}

/// A fraction that may be above the whole, as `150%`.
fn spent(node: &Node<'_>) -> Option<f64> {
    let percent = node
        .value()
        .as_str()
        .and_then(|text| text.strip_suffix('%'));
    match percent.and_then(|text| text.trim().parse::<f64>().ok()) {
        Some(percent) if percent > 100.0 && percent.is_finite() => {
            Some(crate::spec::from_percent(percent))
        }
        _ => fraction(node),
    }
}

fn burn(keys: &Keys<'_>, node: &Node<'_>, window_ms: i64) -> Option<Trigger> {
    let nodes = node.list_or_one();
    if nodes.is_empty() {
        return node.expected("at least one tier");
    }
    let tiers: Vec<_> = nodes.iter().map(|node| tier(node, window_ms)).collect();
    let min_bad = keys.get("min_bad").map_or(Some(0.0), |node| events(&node));
    let by_budget = |node: &Node<'_>| node.value().get("budget").is_some();
    let scaled_from = match keys.get("scaled_from") {
        Some(node) => Some(node.duration()?),
        None => nodes.iter().any(by_budget).then_some(window_ms),
    };
    Some(Trigger::Burn {
        tiers: tiers.into_iter().collect::<Option<_>>()?,
        min_bad: min_bad?,
        scaled_from_ms: scaled_from,
    })
}

fn events(node: &Node<'_>) -> Option<f64> {
    let number = node.number()?;
    if number < 0.0 {
        return node.expected("a number of events, 0 or more");
    }
    Some(number)
}

fn tier(node: &Node<'_>, window_ms: i64) -> Option<BurnTier> {
    let keys = node.keys(&["factor", "budget", "long", "short"])?;
    let long_ms = keys.need_as("long", "the window that must burn, such as 1h");
    let long_ms = long_ms.and_then(|node| node.duration())?;
    let short_ms = match keys.get("short") {
        Some(node) => match node.duration()? {
            ms if ms <= long_ms => ms,
            _ => return node.expected("a duration not longer than long"),
        },
        None => (long_ms / 12).max(1),
    };
    let key = keys.exactly_one(&["factor", "budget"])?;
    let node = keys.get(key)?;
    let factor = match key {
        "factor" => node.number()?,
        _ => fraction(&node)? * window_ms as f64 / long_ms as f64,
    };
    if factor <= 0.0 {
        return node.expected("more than 0");
    }
    Some(BurnTier {
        factor,
        long_ms,
        short_ms,
    })
}
