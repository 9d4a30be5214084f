//! Rules that give the same series: a lint, since the second one may be meant to be another.

use std::collections::{BTreeMap, BTreeSet};

use super::GroupSpec;

/// A name and labels that several rules have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duplicate {
    /// The metric or alert.
    pub name: String,
    /// The labels.
    pub labels: BTreeMap<String, String>,
}

/// The rules among `groups` of which there is more than one with the same name and labels, each once, sorted.
pub fn duplicates(groups: &[GroupSpec]) -> Vec<Duplicate> {
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    for rule in groups.iter().flat_map(|group| &group.rules) {
        let rule = Duplicate {
            name: rule.name.clone(),
            labels: rule.labels.clone(),
        };
        if !seen.insert(rule.clone()) {
            found.insert(rule);
        }
    }
    found.into_iter().collect()
}
