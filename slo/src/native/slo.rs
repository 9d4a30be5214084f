//! An SLO of our own format.

use std::collections::BTreeMap;

use narthex_settings::{Keys, Node};

use super::fields::Fields;
use super::value::{UTC, id_problem, is_id, label_names, zone_of};
use super::{SHARED, indicator, missing, objective, policy, window};
use crate::load::Placed;
use crate::spec::Slo;
use crate::time::{DAY_MS, MINUTE_MS};

/// Reads an SLO; `shared` are the keys of its document, if it is one of several.
pub(super) fn read(node: &Node<'_>, shared: Option<&Keys<'_>>) -> Option<Placed> {
    let mut known = vec!["id", "name", "description", "objective", "indicator"];
    if shared.is_none() {
        known.push("version");
    }
    known.extend(SHARED);
    known.extend(indicator::KINDS);
    let own = node.keys(&known)?;
    let fields = Fields::new(own, shared);
    // Each part is read whatever became of those before, so that all mistakes are told at once.
    let (id, name) = names(&fields).unzip();
    let service = fields.text_or_empty("service");
    let labels = labels(&fields);
    let zone = fields.get("zone").and_then(|node| zone_of(&node));
    let zone = zone.unwrap_or_else(|| UTC.to_owned());
    let slice_ms = slice(&fields);
    let objective = objective::read(fields.own(), slice_ms.unwrap_or(MINUTE_MS));
    let windows = window::windows(&fields, &zone);
    let nominal_ms = windows
        .as_ref()
        .and_then(|windows| Some(windows.first()?.nominal_ms()));
    let indicator = indicator::read(fields.own());
    let group_by = match fields.get("group_by") {
        Some(node) => label_names(&node.list_or_one()),
        None => Some(Vec::new()),
    };
    let exclusions = match fields.get("exclusions") {
        Some(node) => window::exclusions(&node.list_or_one(), &zone),
        None => Some(Vec::new()),
    };
    let missing = missing::read(fields.get("missing").as_ref());
    let policies = match fields.get("policies") {
        Some(node) => policy::policies(&node.list_or_one(), nominal_ms.unwrap_or(30 * DAY_MS)),
        None => Some(Vec::new()),
    };
    let slo = Slo {
        id: id?,
        service,
        name: name?,
        description: fields.own().text_or_empty("description"),
        labels: labels?,
        indicator: indicator?,
        group_by: group_by?,
        objective: objective?,
        windows: windows?,
        exclusions: exclusions?,
        missing: missing?,
        policies: policies?,
        slice_ms: slice_ms?,
    };
    check(node, &slo)?;
    Some(Placed {
        slo,
        place: node.place(),
    })
}

/// The id and the name.
fn names(fields: &Fields<'_>) -> Option<(String, String)> {
    let own = fields.own();
    let name_node = own.need_as("name", "the name of the SLO")?;
    let name = name_node.text()?;
    let (node, id) = match own.get("id") {
        Some(node) => (node.clone(), node.text()?),
        None => (name_node, id_of(&fields.text_or_empty("service"), &name)),
    };
    if !is_id(&id) {
        return node.problem(id_problem(&id));
    }
    Some((id, name))
}

fn id_of(service: &str, name: &str) -> String {
    match service {
        "" => name.to_owned(),
        service => format!("{service}-{name}"),
    }
}

/// Those of the document and its own.
fn labels(fields: &Fields<'_>) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    let shared = fields.shared().and_then(|keys| keys.get("labels"));
    for node in [shared, fields.own().get("labels")].into_iter().flatten() {
        labels.extend(node.texts()?);
    }
    Some(labels)
}

fn slice(fields: &Fields<'_>) -> Option<i64> {
    let Some(node) = fields.get("slice") else {
        return Some(MINUTE_MS);
    };
    let ms = node.duration()?;
    if ms < 1000 || DAY_MS % ms != 0 {
        return node
            .expected("a duration of a second or more that divides a day, such as 1m or 5m");
    }
    Some(ms)
}

/// What the parts must have in common.
fn check(node: &Node<'_>, slo: &Slo) -> Option<()> {
    if let Some(stretch_ms) = slo.objective.budgeting.stretch_ms()
        && stretch_ms % slo.slice_ms != 0
    {
        return node.problem("objective.slice: no multiple of slice, expected one");
    }
    let short = slo.windows.iter().find(|w| w.nominal_ms() < slo.slice_ms);
    if let Some(window) = short {
        return node.problem(format_args!(
            "window: {window} is shorter than a slice, expected a longer one"
        ));
    }
    Some(())
}
