//! Sloth: `prometheus/v1`, the same as a resource of Kubernetes, and its files of alert windows.

mod windows;

use std::collections::BTreeMap;

use narthex_settings::{Keys, Node};

use super::common::{
    self, QUERY_SLICE_MS, lost, percent, set_known, set_queries, set_ratio, template,
};
use crate::load::{Doc, Format, Options, Placed, Read};
use crate::policies::policy;
use crate::promql::{WINDOW, of_queries, of_ratio};
use crate::spec::{Policy, Slo, Which};
use windows::Tiers;

/// The keys that the two forms write differently.
struct Words {
    plugins: &'static str,
    error_ratio: &'static str,
    errors: &'static str,
    total: &'static str,
    page: &'static str,
    ticket: &'static str,
}

const FILE: Words = Words {
    plugins: "slo_plugins",
    error_ratio: "error_ratio_query",
    errors: "error_query",
    total: "total_query",
    page: "page_alert",
    ticket: "ticket_alert",
};

const RESOURCE: Words = Words {
    plugins: "sloPlugins",
    error_ratio: "errorRatioQuery",
    errors: "errorQuery",
    total: "totalQuery",
    page: "pageAlert",
    ticket: "ticketAlert",
};

/// Reads the documents of Sloth's formats.
pub(crate) fn read(docs: &[Doc<'_>], options: &Options) -> Vec<Read> {
    let (windows, specs): (Vec<_>, Vec<_>) = docs
        .iter()
        .partition(|doc| doc.format == Format::SlothWindows);
    let tiers = windows::read(&windows, options.window_ms);
    let mut read = Vec::new();
    for doc in specs {
        for placed in document(doc, &tiers).unwrap_or_default() {
            read.push(Read { at: doc.at, placed });
        }
    }
    read
}

fn document(doc: &Doc<'_>, tiers: &Tiers) -> Option<Vec<Placed>> {
    let (words, keys) = if doc.format == Format::SlothResource {
        let keys = doc
            .root
            .keys(&["apiVersion", "kind", "metadata", "spec", "status"])?;
        common::metadata(&keys, &[])?;
        let spec = keys.need("spec")?;
        (
            &RESOURCE,
            spec.keys(&["service", "labels", "slos", "sloPlugins"])?,
        )
    } else {
        let known = ["version", "service", "labels", "slos", "slo_plugins"];
        (&FILE, doc.root.keys(&known)?)
    };
    lost(&keys, &[words.plugins], "plugins are programs of Sloth");
    let service = keys.need_as("service", "the name of the service")?.text()?;
    let slos = keys.need("slos")?;
    slos.note("events of the whole window are counted; Sloth by default takes the mean of the ratios of 5m");
    let mut context = Context {
        words,
        service,
        labels: keys.texts_or_none("labels"),
        tiers,
    };
    let read = slos.list()?;
    let read = read.iter().filter_map(|node| {
        Some(Placed {
            slo: context.slo(node)?,
            place: node.place(),
        })
    });
    Some(read.collect())
}

/// What the SLOs of a document have in common.
struct Context<'c> {
    words: &'c Words,
    service: String,
    labels: BTreeMap<String, String>,
    tiers: &'c Tiers,
}

impl Context<'_> {
    fn slo(&mut self, node: &Node<'_>) -> Option<Slo> {
        let known = [
            "name",
            "description",
            "objective",
            "labels",
            "sli",
            "alerting",
            "plugins",
            "interval",
        ];
        let keys = node.keys(&known)?;
        lost(&keys, &["plugins"], "plugins are programs of Sloth");
        let why = "it says how often rules are evaluated, and there are none";
        lost(&keys, &["interval"], why);
        let name_node = keys.need_as("name", "the name of the SLO")?;
        let name = name_node.text()?;
        let id = common::id(&name_node, &format!("{}-{name}", self.service));
        let target = keys.need_as("objective", "a percentage such as 99.9");
        let target = target.and_then(|node| percent(&node));
        let sli = keys.need_as("sli", "one of raw, events and plugin");
        let alerting = keys.need_as("alerting", "a mapping with the name of the alert");
        let policies = alerting.and_then(|node| self.policies(&node));
        let mut slo = common::slo(
            id?,
            &self.service,
            &name,
            target.unwrap_or(0.5),
            self.tiers.window_ms,
        );
        self.indicator(&sli?, &mut slo)?;
        target?;
        slo.policies = policies?;
        slo.description = keys.text_or_empty("description");
        slo.labels.clone_from(&self.labels);
        slo.labels.extend(keys.texts_or_none("labels"));
        Some(slo)
    }

    fn indicator(&self, node: &Node<'_>, slo: &mut Slo) -> Option<()> {
        let keys = node.keys(&["raw", "events", "plugin"])?;
        match keys.exactly_one(&["raw", "events", "plugin"])? {
            "raw" => self.raw(&keys.get("raw")?, slo),
            "events" => self.events(&keys.get("events")?, slo),
            _ => keys.get("plugin")?.problem(
                "a plugin is a program of Sloth, expected raw or events; `sloth generate` prints the queries of a plugin",
            ),
        }
    }

    fn events(&self, node: &Node<'_>, slo: &mut Slo) -> Option<()> {
        let words = self.words;
        let keys = node.keys(&[words.errors, words.total])?;
        let queries = [words.errors, words.total].map(|key| {
            let node = keys.need_as(key, "PromQL with {{.window}}")?;
            let query = template(&node)?;
            if !query.has_window() {
                return node.problem(format_args!("has no {WINDOW}, expected it as the range"));
            }
            Some(query)
        });
        let [Some(errors), Some(total)] = queries else {
            return None;
        };
        if errors.text == total.text {
            let node = keys.get(words.total)?;
            return node.problem("is the same as that of errors, expected all events");
        }
        match of_queries(&total, &errors, Which::Bad) {
            Some(known) => set_known(slo, known, node),
            None => set_queries(slo, &total, &errors, Which::Bad, node),
        }
        Some(())
    }

    fn raw(&self, node: &Node<'_>, slo: &mut Slo) -> Option<()> {
        let keys = node.keys(&[self.words.error_ratio])?;
        let node = keys.need_as(self.words.error_ratio, "PromQL with {{.window}}")?;
        let query = template(&node)?;
        if !query.has_window() {
            return node.problem(format_args!("has no {WINDOW}, expected it as the range"));
        }
        match of_ratio(&query, Which::Bad) {
            Some(known) => {
                node.note("both sides of the division are counters: they are counted, not the ratio averaged");
                set_known(slo, known, &node);
            }
            None => set_ratio(slo, query.text, QUERY_SLICE_MS, &node),
        }
        Some(())
    }

    /// One policy that pages and one that makes a ticket.
    fn policies(&self, node: &Node<'_>) -> Option<Vec<Policy>> {
        let known = [
            "name",
            "labels",
            "annotations",
            self.words.page,
            self.words.ticket,
        ];
        let keys = node.keys(&known)?;
        let mut policies = Vec::new();
        let kinds = [
            ("page", self.words.page, &self.tiers.page),
            ("ticket", self.words.ticket, &self.tiers.ticket),
        ];
        for (severity, key, trigger) in kinds {
            let own = match keys.get(key) {
                Some(node) => Some(node.keys(&["disable", "labels", "annotations"])?),
                None => None,
            };
            let disable = own.as_ref().and_then(|own| own.get("disable"));
            if disable.map_or(Some(false), |node| node.truth())? {
                continue;
            }
            let both = |key| texts_of_both(&keys, own.as_ref(), key);
            policies.push(Policy {
                labels: both("labels"),
                annotations: both("annotations"),
                ..policy(severity, severity, trigger.clone())
            });
        }
        if policies.is_empty() {
            return Some(policies);
        }
        let name = keys.need_as("name", "the name of the alert")?.text()?;
        for policy in &mut policies {
            policy.alert.clone_from(&name);
        }
        Some(policies)
    }
}

fn texts_of_both(
    shared: &Keys<'_>,
    own: Option<&Keys<'_>>,
    key: &'static str,
) -> BTreeMap<String, String> {
    let mut texts = shared.texts_or_none(key);
    texts.extend(own.map(|own| own.texts_or_none(key)).unwrap_or_default());
    texts
}
