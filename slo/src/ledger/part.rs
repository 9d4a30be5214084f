//! A file with slices: Parquet, one row for each slice of a group that something is known of.

use narthex_model::{Error, Labels, Result};

mod read;
mod scan;
mod write;

pub(super) use read::read;
pub(super) use scan::scan;
pub(super) use write::write;

/// The name and generation that stand in every row, so that a file says what it is wherever it lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) slo: &'a str,
    pub(super) generation: &'a str,
}

/// A group as JSON: `{"route":"/a"}`.
fn group_to_json(group: &Labels) -> String {
    let pairs = group.iter().map(|(k, v)| (k.to_owned(), v.into()));
    serde_json::Value::Object(pairs.collect()).to_string()
}

/// The group that such JSON names.
///
/// # Errors
/// `Corrupt` if it names none.
pub fn group_of_json(json: &str) -> Result<Labels> {
    let pairs: std::collections::BTreeMap<String, String> = serde_json::from_str(json)
        .map_err(|e| Error::corrupt(format!("{json:?} is no group")).with_source(e))?;
    let pairs = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    Labels::new(pairs).map_err(|e| Error::corrupt(format!("{json:?} is no group")).with_source(e))
}
