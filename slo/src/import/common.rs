//! What several formats have in common: metadata of resources, queries, targets.

use std::collections::BTreeMap;
use std::fmt::Display;

use narthex_model::format_duration;
use narthex_settings::{Keys, Node};

use crate::native::{id_problem, is_id};
use crate::promql::{Known, Template, are_rates};
use crate::spec::{
    Budgeting, Indicator, Missing, Objective, Rolling, Slo, Which, Window, from_percent,
};
use crate::time::MINUTE_MS;

/// The slice of what is evaluated as PromQL: the shortest window that the other tools evaluate, for a rate needs several scrapes.
pub(super) const QUERY_SLICE_MS: i64 = 5 * MINUTE_MS;

/// A text's id, where it is one with other characters replaced: `Foo total/errors` is `Foo-total-errors`.
pub(super) fn slug(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let words = text.split(|c: char| !allowed(c));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words
        .join("-")
        .trim_start_matches(['-', '_', '.'])
        .to_owned()
}

/// An id that a node gives.
pub(super) fn id(node: &Node<'_>, text: &str) -> Option<String> {
    if is_id(text) {
        return Some(text.to_owned());
    }
    node.problem(id_problem(text))
}

/// A target as a percentage above 0 and below 100.
pub(super) fn percent(node: &Node<'_>) -> Option<f64> {
    let percent = node.number()?;
    if percent == 100.0 {
        return node.problem("100 leaves no budget, expected less");
    }
    if percent > 0.0 && percent < 100.0 {
        return Some(from_percent(percent));
    }
    node.expected("a percentage above 0 and below 100, such as 99.9")
}

/// A target as a fraction above 0 and below 1.
pub(super) fn fraction(node: &Node<'_>) -> Option<f64> {
    let fraction = node.number()?;
    if fraction > 0.0 && fraction < 1.0 {
        return Some(fraction);
    }
    node.expected("a fraction above 0 and below 1, such as 0.999")
}

/// PromQL.
pub(super) fn template(node: &Node<'_>) -> Option<Template> {
    match Template::parse(&node.text()?) {
        Ok(template) => Some(template),
        Err(message) => node.problem(message),
    }
}

/// An SLO of a name, with what most have.
pub(super) fn slo(id: String, service: &str, name: &str, target: f64, window_ms: i64) -> Slo {
    Slo {
        id,
        service: service.to_owned(),
        name: name.to_owned(),
        description: String::new(),
        labels: BTreeMap::new(),
        // Whoever calls sets it; there is none that means nothing.
        indicator: Indicator::Composite { parts: Vec::new() },
        group_by: Vec::new(),
        objective: Objective {
            target,
            budgeting: Budgeting::Occurrences,
        },
        windows: vec![Window::Rolling(Rolling { ms: window_ms })],
        exclusions: Vec::new(),
        missing: Missing::default(),
        policies: Vec::new(),
        slice_ms: MINUTE_MS,
    }
}

/// Sets an indicator of counters, and says where a fixed range gave way to the slice.
pub(super) fn set_known(slo: &mut Slo, known: Known, node: &Node<'_>) {
    if let Some(range) = &known.fixed_range {
        node.note(format_args!(
            "counted exactly slice by slice, instead of over the last {range}"
        ));
    }
    slo.indicator = known.indicator;
    slo.group_by = known.group_by;
}

/// Sets queries that are evaluated slice by slice.
pub(super) fn set_queries(
    slo: &mut Slo,
    total: &Template,
    some: &Template,
    which: Which,
    node: &Node<'_>,
) {
    slo.slice_ms = slice_for(slo, QUERY_SLICE_MS);
    let slice = format_duration(slo.slice_ms);
    let added = match are_rates(&total.text, &some.text) {
        true => "rates times their seconds are added as events",
        false => "whose values are added as events",
    };
    node.note(format_args!(
        "no sum of counters: evaluated as PromQL in slices of {slice}, {added}"
    ));
    slo.indicator = Indicator::Queries {
        total: total.text.clone(),
        some: some.text.clone(),
        which,
    };
}

/// The ledger's slice: as wanted, but for stretches of time that such slices do not make up.
fn slice_for(slo: &Slo, wanted_ms: i64) -> i64 {
    let stretch_ms = slo.objective.budgeting.stretch_ms();
    let odd_ms = stretch_ms.filter(|stretch_ms| stretch_ms % wanted_ms != 0);
    odd_ms.unwrap_or(wanted_ms)
}

/// Sets a ratio that is evaluated slice by slice; where occurrences were wanted, the mean of the slices is what can be had.
pub(super) fn set_ratio(slo: &mut Slo, query: String, wanted_ms: i64, node: &Node<'_>) {
    let slice_ms = slice_for(slo, wanted_ms);
    slo.indicator = Indicator::ErrorRatio { query };
    slo.slice_ms = slice_ms;
    if slo.objective.budgeting == Budgeting::Occurrences {
        let slice = format_duration(slice_ms);
        node.note(format_args!(
            "a ratio does not say how many events there were: the mean over slices of {slice} is taken (ratio-timeslices)"
        ));
        slo.objective.budgeting = Budgeting::RatioTimeslices { slice_ms };
    }
}

/// The name and other metadata of a resource.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) display_name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
}

/// The value of `metadata`. Resources of Kubernetes have more keys than are read; of which besides the name something is `kept` says whoever
/// reads it.
pub(super) fn metadata(keys: &Keys<'_>, kept: &[&str]) -> Option<Metadata> {
    let node = keys.need_as("metadata", "a mapping with the name")?;
    let keys = node.any_keys()?;
    let is_lost = |name: &String| name != "name" && !kept.contains(&name.as_str());
    let names = node.named()?.into_iter().map(|(name, _)| name);
    let lost: Vec<_> = names.filter(is_lost).collect();
    if !lost.is_empty() {
        node.note(format_args!("not kept: {}", lost.join(", ")));
    }
    let name = keys.need_as("name", "the name of the resource")?.text()?;
    let labels = match keys.get("labels") {
        Some(node) => labels(&node)?,
        None => BTreeMap::new(),
    };
    Some(Metadata {
        name,
        namespace: keys.text_or_empty("namespace"),
        display_name: keys.text_or_empty("displayName"),
        labels,
        annotations: keys.texts_or_none("annotations"),
    })
}

/// What is said of something at several places, as one description.
pub(super) fn described<const N: usize>(texts: [&str; N]) -> String {
    let said: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    said.join(" – ")
}

/// Labels; several values of one are written behind each other.
fn labels(node: &Node<'_>) -> Option<BTreeMap<String, String>> {
    let pairs = node.named()?.into_iter().map(|(name, node)| {
        let texts: Option<Vec<_>> = node.list_or_one().iter().map(Node::text).collect();
        Some((name, texts?.join(",")))
    });
    pairs.collect()
}

/// Says of keys that are there that they are not kept, and why.
pub(super) fn lost(keys: &Keys<'_>, names: &[&'static str], why: impl Display) {
    for node in names.iter().filter_map(|name| keys.get(name)) {
        node.note(format_args!("not kept: {why}"));
    }
}
