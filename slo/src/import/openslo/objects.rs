//! The objects of all documents by kind and name.

use std::collections::BTreeMap;

use narthex_settings::{Keys, Node, nearest};

use crate::import::common::{Metadata, lost, metadata};
use crate::load::Doc;

/// The kinds, and what their `spec` may hold.
const KINDS: [(&str, &[&str]); 7] = [
    ("DataSource", &["description", "type", "connectionDetails"]),
    (
        "SLO",
        &[
            "description",
            "service",
            "indicator",
            "indicatorRef",
            "timeWindow",
            "budgetingMethod",
            "objectives",
            "alertPolicies",
        ],
    ),
    ("SLI", &["description", "thresholdMetric", "ratioMetric"]),
    (
        "AlertPolicy",
        &[
            "description",
            "alertWhenNoData",
            "alertWhenResolved",
            "alertWhenBreaching",
            "conditions",
            "notificationTargets",
        ],
    ),
    ("AlertCondition", &["description", "severity", "condition"]),
    ("AlertNotificationTarget", &["description", "target"]),
    ("Service", &["description"]),
];

const DESCRIPTION_MAX: usize = 1050;

/// The objects that documents define.
#[derive(Debug)]
pub(super) struct Objects<'d> {
    by_name: BTreeMap<(&'static str, String), Node<'d>>,
    slos: Vec<(&'d Doc<'d>, Node<'d>)>,
}

/// An object that was opened: what it is called and what it says.
#[derive(Debug)]
pub(super) struct Object<'d> {
    pub(super) metadata: Metadata,
    pub(super) spec: Keys<'d>,
}

impl<'d> Objects<'d> {
    /// Sorts the documents.
    pub(super) fn of(docs: &[&'d Doc<'d>]) -> Self {
        let mut objects = Self {
            by_name: BTreeMap::new(),
            slos: Vec::new(),
        };
        for doc in docs {
            let _ = objects.add(doc);
        }
        objects
    }

    fn add(&mut self, doc: &'d Doc<'d>) -> Option<()> {
        let keys = doc.root.any_keys()?;
        let kinds: Vec<_> = KINDS.iter().map(|(kind, _)| (*kind, *kind)).collect();
        let kind = keys.need("kind")?.one_of(&kinds)?;
        if kind == "SLO" {
            self.slos.push((doc, doc.root.clone()));
            return Some(());
        }
        // What no SLO refers to is checked as well.
        let object = open(&doc.root, kind)?;
        let name = (kind, object.metadata.name.clone());
        if let Some(before) = self.by_name.get(&name) {
            let message = format!(
                "there is a {kind} \"{}\" at {} already",
                name.1,
                before.place()
            );
            return doc.root.problem(message);
        }
        self.by_name.insert(name, doc.root.clone());
        Some(())
    }

    /// All SLOs.
    pub(super) fn slos(&self) -> impl Iterator<Item = (&'d Doc<'d>, &Node<'d>)> {
        self.slos.iter().map(|(doc, node)| (*doc, node))
    }

    /// The object of a kind that a node names, if it is there.
    pub(super) fn find(&self, kind: &'static str, name: &str) -> Option<&Node<'d>> {
        self.by_name.get(&(kind, name.to_owned()))
    }

    /// The object of a kind that a node names.
    pub(super) fn resolve(&self, kind: &'static str, reference: &Node<'_>) -> Option<&Node<'d>> {
        let name = reference.text()?;
        let found = self.find(kind, &name);
        if found.is_none() {
            let names = self.by_name.keys().filter(|(other, _)| *other == kind);
            let meant = nearest(&name, names.map(|(_, name)| name.as_str()));
            let meant = meant.map_or(String::new(), |name| format!(", did you mean \"{name}\"?"));
            reference.problem::<()>(format_args!(
                "there is no {kind} \"{name}\"{meant}, expected one in any of the files"
            ));
        }
        found
    }
}

/// What of an object's metadata is kept besides its name.
fn kept(kind: &str) -> &'static [&'static str] {
    match kind {
        "SLO" => &["displayName", "labels"],
        _ => &[],
    }
}

/// What of an object's `spec` says nothing of promises.
fn unkept(kind: &str) -> &'static [&'static str] {
    match kind {
        "SLO" | "AlertPolicy" => &[],
        "DataSource" => &["description", "connectionDetails"],
        "AlertNotificationTarget" => &["description", "target"],
        _ => &["description"],
    }
}

/// An object's metadata and `spec`, keys and description checked.
pub(super) fn open<'d>(node: &Node<'d>, kind: &'static str) -> Option<Object<'d>> {
    let keys = node.keys(&["apiVersion", "kind", "metadata", "spec"])?;
    let metadata = metadata(&keys, kept(kind));
    let spec = spec(&keys.need("spec")?, kind)?;
    Some(Object {
        metadata: metadata?,
        spec,
    })
}

/// The `spec` of a kind.
pub(super) fn spec<'d>(node: &Node<'d>, kind: &'static str) -> Option<Keys<'d>> {
    let known = KINDS.iter().find(|(known, _)| *known == kind);
    let keys = node.keys(known.map_or(&[], |(_, keys)| keys))?;
    if let Some(node) = keys.get("description")
        && node.text()?.chars().count() > DESCRIPTION_MAX
    {
        return node.problem(format_args!(
            "too long, expected at most {DESCRIPTION_MAX} characters"
        ));
    }
    lost(&keys, unkept(kind), "SLOs have no place for it");
    Some(keys)
}

/// Checks the metadata of an object that stands inside another; none is needed there.
pub(super) fn metadata_of_inline(keys: &Keys<'_>) -> Option<Metadata> {
    match keys.has("metadata") {
        true => metadata(keys, &[]),
        false => Some(Metadata::default()),
    }
}
