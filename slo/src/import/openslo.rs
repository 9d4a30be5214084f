//! t
use crate::load::*;
pub(crate) fn read(docs: &[Doc<'_>]) -> Vec<Read> {
    let _ = docs;
    Vec::new()
}
