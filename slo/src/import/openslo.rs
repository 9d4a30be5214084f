//! OpenSLO v1 and v1alpha.

mod alert;
mod alpha;
mod composite;
mod duration;
mod indicator;
mod objective;
mod objects;
mod slo;
mod window;

use crate::load::{Doc, Format, Read};
use objects::Objects;

/// Reads the documents of OpenSLO; what refers to another by its name finds it in any of them.
pub(crate) fn read(docs: &[Doc<'_>]) -> Vec<Read> {
    let (alpha, v1): (Vec<_>, Vec<_>) = docs
        .iter()
        .partition(|doc| doc.format == Format::OpenSloAlpha);
    let objects = Objects::of(&v1);
    let mut read = Vec::new();
    for (doc, node) in objects.slos() {
        for placed in slo::read(node, &objects).unwrap_or_default() {
            read.push(Read { at: doc.at, placed });
        }
    }
    for doc in alpha {
        for placed in alpha::read(&doc.root).unwrap_or_default() {
            read.push(Read { at: doc.at, placed });
        }
    }
    read
}
