//! slo-generator v2, and the error budget policies of its configuration.

mod budget_policy;

use narthex_settings::{Keys, Node};

use super::common::{
    self, QUERY_SLICE_MS, fraction, lost, metadata, set_known, set_queries, set_ratio,
};
use crate::load::{Doc, Format, Placed, Read};
use crate::promql::{Template, WINDOW, of_queries, of_ratio};
use crate::spec::{Counted, Indicator, Rolling, Selector, Slo, Which, Window};
use crate::time::DAY_MS;
use budget_policy::BudgetPolicies;

/// Reads the documents of slo-generator.
pub(crate) fn read(docs: &[Doc<'_>]) -> Vec<Read> {
    let (configs, specs): (Vec<_>, Vec<_>) = docs
        .iter()
        .partition(|doc| doc.format == Format::SloGeneratorConfig);
    let policies = BudgetPolicies::of(&configs);
    let read = specs.into_iter().filter_map(|doc| {
        let slo = slo(&doc.root, &policies)?;
        let place = doc.root.place();
        let placed = Placed { slo, place };
        Some(Read { at: doc.at, placed })
    });
    read.collect()
}

fn slo(root: &Node<'_>, policies: &BudgetPolicies) -> Option<Slo> {
    let keys = root.keys(&["apiVersion", "kind", "metadata", "spec"])?;
    let metadata = metadata(&keys, &["labels"]);
    let spec = keys.need("spec")?.keys(&[
        "description",
        "goal",
        "backend",
        "method",
        "service_level_indicator",
        "error_budget_policy",
        "exporters",
        "frequency",
    ])?;
    lost(
        &spec,
        &["exporters", "frequency"],
        "where and how often results go is not a promise",
    );
    let goal = spec.need_as("goal", "a fraction such as 0.999");
    let goal = goal.and_then(|node| fraction(&node));
    check_backend(&spec)?;
    let (metadata, goal) = (metadata?, goal?);
    let id = common::id(root, &metadata.name)?;
    let label = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| metadata.labels.get(*name));
        found.cloned().unwrap_or_default()
    };
    let service = label(["service_name", "service"]);
    let mut slo = common::slo(id, &service, &metadata.name, goal, 28 * DAY_MS);
    slo.description = spec.text_or_empty("description");
    slo.labels.clone_from(&metadata.labels);
    indicator(&spec, &mut slo)?;
    budget_policy(&spec, policies, &mut slo);
    Some(slo)
}

fn check_backend(spec: &Keys<'_>) -> Option<()> {
    let node = spec.need_as("backend", "prometheus")?;
    let name = node.text()?;
    // `prometheus/eu` is one of several.
    let is_prometheus = name
        .split('/')
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("prometheus"));
    match is_prometheus {
        true => Some(()),
        false => node.expected("prometheus"),
    }
}

fn budget_policy(spec: &Keys<'_>, policies: &BudgetPolicies, slo: &mut Slo) {
    let name = spec.text_or_empty("error_budget_policy");
    let name = if name.is_empty() { "default" } else { &name };
    let Some(found) = policies.get(name) else {
        spec.node().note(format_args!(
            "no error budget policy \"{name}\" in the files: a window of 28 days, and no alerts"
        ));
        return;
    };
    let windows = found
        .windows_ms
        .iter()
        .map(|ms| Window::Rolling(Rolling { ms: *ms }));
    slo.windows = windows.collect();
    slo.policies.clone_from(&found.policies);
}

fn indicator(spec: &Keys<'_>, slo: &mut Slo) -> Option<()> {
    let method = spec.need_as("method", "good_bad_ratio, query_sli or distribution_cut")?;
    let method = method.one_of(&[
        ("good_bad_ratio", "good_bad_ratio"),
        ("query_sli", "query_sli"),
        ("distribution_cut", "distribution_cut"),
    ])?;
    let node = spec.need("service_level_indicator")?;
    match method {
        "good_bad_ratio" => good_bad(&node, slo),
        "query_sli" => query_sli(&node, slo),
        _ => distribution_cut(&node, slo),
    }
}

/// The query of a filter as slo-generator makes it: the window behind it, where none stands in it, and operators around it.
fn operated(node: &Node<'_>, operators: &[String]) -> Option<Template> {
    let filter = with_window(&node.text()?);
    let filter = match filter.contains(WINDOW) {
        true => filter,
        false => format!("{filter}[{WINDOW}]"),
    };
    let query = operators
        .iter()
        .fold(filter, |inner, operator| format!("{operator}({inner})"));
    match Template::parse(&query) {
        Ok(template) => Some(template),
        Err(message) => node.problem(format_args!("{query}: {message}")),
    }
}

fn with_window(text: &str) -> String {
    text.trim().replace("[window", &format!("[{WINDOW}"))
}

fn good_bad(node: &Node<'_>, slo: &mut Slo) -> Option<()> {
    let keys = node.keys(&["filter_good", "filter_bad", "filter_valid", "operators"])?;
    let operators = match keys.get("operators") {
        Some(node) => node.list()?.iter().map(Node::text).collect::<Option<_>>()?,
        None => vec!["increase".to_owned(), "sum".to_owned()],
    };
    let good = keys.need_as("filter_good", "a selector");
    let good = good.and_then(|node| operated(&node, &operators));
    let key = keys.exactly_one(&["filter_bad", "filter_valid"])?;
    let other = operated(&keys.get(key)?, &operators)?;
    let good = good?;
    let total = match key {
        "filter_valid" => other,
        _ => match Template::parse(&format!("({}) + ({})", good.text, other.text)) {
            Ok(total) => total,
            Err(message) => return node.problem(message),
        },
    };
    match of_queries(&total, &good, Which::Good) {
        Some(known) => set_known(slo, known, node),
        None => set_queries(slo, &total, &good, Which::Good, node),
    }
    Some(())
}

fn query_sli(node: &Node<'_>, slo: &mut Slo) -> Option<()> {
    let keys = node.keys(&["expression", "operators"])?;
    let node = keys.need_as("expression", "PromQL with [window]")?;
    let text = with_window(&node.text()?);
    let query = match Template::parse(&text) {
        Ok(query) => query,
        Err(message) => return node.problem(message),
    };
    if !query.has_window() {
        node.note(
            "has no [window]: it is evaluated at the end of each slice, whatever it looks back at",
        );
    }
    match of_ratio(&query, Which::Good) {
        Some(known) => {
            node.note("both sides of the division are counters: they are counted");
            set_known(slo, known, &node);
        }
        None => set_ratio(slo, format!("1 - ({})", query.text), QUERY_SLICE_MS, &node),
    }
    Some(())
}

fn distribution_cut(node: &Node<'_>, slo: &mut Slo) -> Option<()> {
    let keys = node.keys(&["expression", "threshold_bucket"])?;
    let expression = keys.need_as("expression", "a selector of buckets");
    let threshold = keys.need_as("threshold_bucket", "a boundary such as 0.25");
    let threshold = threshold.and_then(|node| node.number());
    let node = expression?;
    let text = node.text()?;
    let buckets = match Selector::parse(text.trim()) {
        Ok(selector)
            if selector
                .metric()
                .is_some_and(|name| name.ends_with("_bucket")) =>
        {
            selector
        }
        Ok(_) => return node.expected("a selector of …_bucket"),
        Err(message) => {
            return node.problem(format_args!("{message}, expected a selector of …_bucket"));
        }
    };
    slo.indicator = Indicator::Latency {
        buckets: Counted::new(vec![buckets.without("le")]),
        threshold: threshold?,
    };
    Some(())
}
