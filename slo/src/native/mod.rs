//! Our own format: everything that can be promised, in short forms where they say enough.

mod fields;
mod indicator;
mod missing;
mod objective;
mod policy;
mod slo;
mod value;
mod window;
mod write;

use narthex_model::{Error, Result};
use narthex_settings::{Document, Node, documents};

use crate::load::{Doc, Placed, Read};
use crate::spec::{Exclusion, Policy, Window};

pub use value::{check_date, check_rrule, check_zone};
pub(crate) use write::value;
pub use write::write;

pub(crate) use value::{id_problem, is_id};

/// Keys that an SLO has from its document where it has none itself.
const SHARED: [&str; 10] = [
    "service",
    "labels",
    "window",
    "windows",
    "zone",
    "group_by",
    "slice",
    "missing",
    "exclusions",
    "policies",
];

/// Reads documents of ours.
pub(crate) fn read(docs: &[Doc<'_>]) -> Vec<Read> {
    let mut read = Vec::new();
    for doc in docs {
        for placed in document(&doc.root).unwrap_or_default() {
            read.push(Read { at: doc.at, placed });
        }
    }
    read
}

/// A document with a list of SLOs, or one that is an SLO.
fn document(root: &Node<'_>) -> Option<Vec<Placed>> {
    if root.value().get("slos").is_none() {
        return slo::read(root, None).map(|placed| vec![placed]);
    }
    let mut known = vec!["version", "slos"];
    known.extend(SHARED);
    let keys = root.keys(&known)?;
    let slos = keys.need("slos")?.list()?;
    let slos = slos.iter().filter_map(|node| slo::read(node, Some(&keys)));
    Some(slos.collect())
}

/// Reads a list of exclusions, under the key `exclusions` or by itself.
///
/// # Errors
/// Every mistake, as of specs.
pub fn parse_exclusions(file: &str, text: &str) -> Result<Vec<Exclusion>, Vec<Error>> {
    alone(file, text, "exclusions", |nodes, zone| {
        window::exclusions(&nodes, zone)
    })
}

/// Reads a list of policies, under the key `policies` or by itself, for an SLO of this window.
///
/// # Errors
/// Every mistake, as of specs.
pub fn parse_policies(file: &str, text: &str, window: &Window) -> Result<Vec<Policy>, Vec<Error>> {
    alone(file, text, "policies", |nodes, _| {
        policy::policies(&nodes, window.nominal_ms())
    })
}

/// Reads a list that stands in a file of its own.
fn alone<T>(
    file: &str,
    text: &str,
    key: &'static str,
    read: impl Fn(Vec<Node<'_>>, &str) -> Option<Vec<T>>,
) -> Result<Vec<T>, Vec<Error>> {
    let documents = documents(file, text).map_err(|e| vec![e])?;
    let mut all = Vec::new();
    for document in &documents {
        let root = document.root();
        let found = if root.value().is_sequence() {
            root.list().and_then(|nodes| read(nodes, value::UTC))
        } else {
            root.keys(&["version", "zone", key]).and_then(|keys| {
                let zone = value::zone(&keys).unwrap_or_else(|| value::UTC.to_owned());
                read(keys.need(key)?.list_or_one(), &zone)
            })
        };
        all.extend(found.unwrap_or_default());
    }
    let problems: Vec<_> = documents.iter().flat_map(Document::take_problems).collect();
    if problems.is_empty() {
        Ok(all)
    } else {
        Err(problems)
    }
}
