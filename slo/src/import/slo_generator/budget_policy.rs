//! Error budget policies: steps with a window, a burn rate and what follows.

use std::collections::BTreeMap;

use narthex_settings::{Keys, Node};

use crate::import::common::slug;
use crate::load::Doc;
use crate::policies::policy;
use crate::spec::{BurnTier, Policy, Trigger};

/// The policies by name.
#[derive(Debug, Default)]
pub(super) struct BudgetPolicies {
    by_name: BTreeMap<String, BudgetPolicy>,
}

/// A policy: the windows of its steps, longest first, and a policy of ours for each step.
#[derive(Debug, Default)]
pub(super) struct BudgetPolicy {
    pub(super) windows_ms: Vec<i64>,
    pub(super) policies: Vec<Policy>,
}

impl BudgetPolicies {
    /// Those of all configurations.
    pub(super) fn of(docs: &[&Doc<'_>]) -> Self {
        let mut policies = Self::default();
        for doc in docs {
            let _ = policies.add(&doc.root);
        }
        policies
    }

    pub(super) fn get(&self, name: &str) -> Option<&BudgetPolicy> {
        self.by_name.get(name)
    }

    fn add(&mut self, root: &Node<'_>) -> Option<()> {
        let known = [
            "default_exporters",
            "backends",
            "exporters",
            "error_budget_policies",
        ];
        let keys = root.keys(&known)?;
        for (name, node) in keys.need("error_budget_policies")?.named()? {
            let found = budget_policy(&node)?;
            self.by_name.insert(name, found);
        }
        Some(())
    }
}

fn budget_policy(node: &Node<'_>) -> Option<BudgetPolicy> {
    let steps = match node.value().is_sequence() {
        true => node.clone(),
        false => node.keys(&["steps"])?.need("steps")?,
    };
    let mut found = BudgetPolicy::default();
    for step in steps.list()? {
        let (window_ms, policy) = read_step(&step)?;
        if found
            .policies
            .iter()
            .any(|before| before.name == policy.name)
        {
            return step.problem(format_args!(
                "there is a step \"{}\" already, expected another name",
                policy.name
            ));
        }
        found.windows_ms.push(window_ms);
        found.policies.push(policy);
    }
    if found.policies.is_empty() {
        return steps.expected("at least one step");
    }
    found.windows_ms.sort_by_key(|ms| std::cmp::Reverse(*ms));
    found.windows_ms.dedup();
    Some(found)
}

fn read_step(node: &Node<'_>) -> Option<(i64, Policy)> {
    let keys = node.keys(&[
        "name",
        "window",
        "burn_rate_threshold",
        "alert",
        "message_alert",
        "message_ok",
    ])?;
    let name = keys
        .need_as("name", "the name of the step")
        .and_then(|node| node.text());
    let window_ms = keys
        .need_as("window", "seconds such as 3600")
        .and_then(|node| seconds(&node));
    let factor = keys.need_as("burn_rate_threshold", "a burn rate such as 9");
    let factor = factor.and_then(|node| match node.number()? {
        factor if factor > 0.0 => Some(factor),
        _ => node.expected("more than 0"),
    });
    let (name, window_ms, factor) = (name?, window_ms?, factor?);
    let tier = BurnTier {
        factor,
        long_ms: window_ms,
        short_ms: window_ms,
    };
    let trigger = Trigger::Burn {
        tiers: vec![tier],
        min_bad: 0.0,
        scaled_from_ms: None,
    };
    let mut policy = policy(&slug(&name), severity(&keys)?, trigger);
    policy.consequence = keys.text_or_empty("message_alert");
    policy.annotations = resolved(&keys);
    Some((window_ms, policy))
}

/// What is said when all is well.
fn resolved(keys: &Keys<'_>) -> BTreeMap<String, String> {
    let text = keys.text_or_empty("message_ok");
    let pair = (!text.is_empty()).then(|| ("message_ok".to_owned(), text));
    pair.into_iter().collect()
}

fn severity(keys: &Keys<'_>) -> Option<&'static str> {
    let alert = keys.get("alert").map_or(Some(false), |node| node.truth())?;
    Some(if alert { "page" } else { "ticket" })
}

fn seconds(node: &Node<'_>) -> Option<i64> {
    let seconds = node
        .value()
        .as_i64()
        .filter(|seconds| (1..=10_000_000_000).contains(seconds));
    match seconds {
        Some(seconds) => Some(seconds * 1000),
        None => node.expected("a whole number of seconds above 0"),
    }
}
