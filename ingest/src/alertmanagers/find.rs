//! From a discovered address to an Alertmanager: special labels before relabelling, URL after it. Pure.

use std::collections::HashSet;
use std::sync::Arc;

use super::section::{FoundAlertmanager, Section};
use crate::discovery::TargetGroup;
use crate::relabel::{LabelSet, apply};
use crate::targets::address::base_url;

/// The label with the path that alerts are sent to.
const PATH: &str = "__alerts_path__";

/// What came of the groups of a section.
#[derive(Default)]
pub(super) struct Built {
    /// Those who are told, none twice.
    pub(super) active: Vec<FoundAlertmanager>,
    /// The URLs of those whom relabelling dropped.
    pub(super) dropped: Vec<String>,
    /// Those who cannot be told, and why.
    pub(super) problems: Vec<String>,
}

/// Makes the Alertmanagers of all groups.
pub(super) fn build<'a>(
    section: &Arc<Section>,
    groups: impl Iterator<Item = &'a TargetGroup>,
) -> Built {
    let mut built = Built::default();
    let mut seen = HashSet::new();
    for group in groups {
        for address in &group.addresses {
            let mut labels = special_labels(section, address, group);
            let before = shown(&labels);
            if !apply(&section.target_rules, &mut labels) {
                built.dropped.push(before);
                continue;
            }
            match alertmanager(section, &labels) {
                Ok(found) if seen.insert(found.shown.clone()) => built.active.push(found),
                Ok(_) => {}
                Err(problem) => {
                    let problem = format!("{}: {address}: {problem}", group.source);
                    built.problems.push(problem);
                }
            }
        }
    }
    built
}

/// The group's labels win over the section's: a target file may set `__scheme__`.
fn special_labels(section: &Section, address: &str, group: &TargetGroup) -> LabelSet {
    let mut labels = LabelSet::new();
    labels.set("__scheme__", section.config.scheme.as_str());
    labels.set(PATH, section.config.path());
    for (name, value) in &group.labels {
        labels.set(name, value);
    }
    labels.set("__address__", address);
    labels
}

fn alertmanager(section: &Arc<Section>, labels: &LabelSet) -> Result<FoundAlertmanager, String> {
    let mut url = base_url(labels)?;
    url.set_path(labels.get(PATH));
    Ok(FoundAlertmanager {
        shown: shown(labels),
        url,
        section: section.clone(),
    })
}

/// The URL as Prometheus shows it: with the port, even where the scheme implies it.
fn shown(labels: &LabelSet) -> String {
    let (scheme, address, path) = (
        labels.get("__scheme__"),
        labels.get("__address__"),
        labels.get(PATH),
    );
    let slash = if path.is_empty() || path.starts_with('/') {
        ""
    } else {
        "/"
    };
    format!("{scheme}://{address}{slash}{path}")
}
