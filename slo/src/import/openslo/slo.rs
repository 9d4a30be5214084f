//! An SLO of OpenSLO v1: one of ours for each objective.

use narthex_settings::{Keys, Node};

use super::objective::{self, Entry};
use super::objects::{Object, Objects, open};
use super::{alert, composite, indicator, window};
use crate::import::common::{self, described, slug};
use crate::load::Placed;
use crate::spec::{Policy, Slo, Window};

/// What the objectives of an SLO have in common.
pub(super) struct Shared<'d, 'o> {
    pub(super) object: Object<'d>,
    pub(super) id: String,
    service: String,
    window: Window,
    policies: Vec<Policy>,
    pub(super) objects: &'o Objects<'d>,
}

/// Reads it.
pub(super) fn read<'d>(node: &Node<'d>, objects: &Objects<'d>) -> Option<Vec<Placed>> {
    let object = open(node, "SLO")?;
    let spec = &object.spec;
    let id = common::id(node, &slug(&object.metadata.name));
    let service = spec
        .need_as("service", "the name of the service")
        .and_then(|node| node.text());
    let window = window::read(spec);
    let method = objective::method(spec);
    let policies = alert::policies(spec, objects);
    let sli = indicator::find(spec, objects);
    let (list, method) = (spec.need("objectives")?, method?);
    let nodes = list.list()?;
    if nodes.is_empty() {
        return list.expected("at least one objective");
    }
    let entries: Vec<_> = nodes
        .iter()
        .map(|node| objective::read(node, method))
        .collect();
    let entries: Vec<Entry<'_>> = entries.into_iter().collect::<Option<_>>()?;
    let shared = Shared {
        id: id?,
        service: service?,
        window: window?,
        policies: policies?,
        objects,
        object,
    };
    let own = entries
        .iter()
        .any(|entry| entry.keys.has("indicator") || entry.keys.has("indicatorRef"));
    if own {
        return composite::read(&shared, &entries, sli?.is_some());
    }
    let Some(sli) = sli? else {
        return shared
            .object
            .spec
            .node()
            .problem("has no indicator, expected indicator or indicatorRef");
    };
    let several = entries.len() > 1;
    let slos = entries.iter().enumerate().map(|(at, entry)| {
        let slo = shared.slo(entry, &sli, several.then_some(at))?;
        let place = entry.keys.node().place();
        Some(Placed { slo, place })
    });
    slos.collect()
}

impl Shared<'_, '_> {
    /// The SLO of an objective; `at` tells it from others.
    pub(super) fn slo(&self, entry: &Entry<'_>, sli: &Keys<'_>, at: Option<usize>) -> Option<Slo> {
        let part = at.map(|at| part_name(entry, at));
        let mut slo = self.bare(part.as_deref(), entry.objective.target);
        slo.objective = entry.objective;
        indicator::set(&mut slo, sli, entry.good, self.objects)?;
        slo.policies.clone_from(&self.policies);
        slo.description = described([&slo.description, &entry.display_name]);
        Some(slo)
    }

    /// An SLO with everything but an indicator and policies.
    pub(super) fn bare(&self, part: Option<&str>, target: f64) -> Slo {
        let metadata = &self.object.metadata;
        let with_part = |name: &str| match part {
            Some(part) => format!("{name}-{part}"),
            None => name.to_owned(),
        };
        let window_ms = self.window.nominal_ms();
        let (id, name) = (with_part(&self.id), with_part(&metadata.name));
        let mut slo = common::slo(id, &self.service, &name, target, window_ms);
        slo.windows = vec![self.window.clone()];
        slo.labels.clone_from(&metadata.labels);
        let description = self.object.spec.text_or_empty("description");
        slo.description = described([&metadata.display_name, &description]);
        slo
    }

    /// The policies of the whole.
    pub(super) fn policies(&self) -> Vec<Policy> {
        self.policies.clone()
    }
}

/// What tells an objective from others of the same SLO.
fn part_name(entry: &Entry<'_>, at: usize) -> String {
    match slug(&entry.display_name) {
        empty if empty.is_empty() => (at + 1).to_string(),
        name => name,
    }
}
