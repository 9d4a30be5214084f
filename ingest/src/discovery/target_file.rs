//! One target file: a list of groups in YAML or JSON.

use std::path::Path;

use narthex_model::{Error, Result};

use super::group::TargetGroup;
use crate::config::StaticConfig;

/// The label that names the file of a target.
const META_FILE_PATH: &str = "__meta_filepath";

/// The largest target file, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Reads the groups of the file at `path`.
///
/// # Errors
/// `NotFound` or `Unavailable` if it cannot be read, `Limit` if it is too large, `Invalid` if it is wrong.
pub(crate) fn read(path: &Path) -> Result<Vec<TargetGroup>> {
    let shown = path.display();
    let unreadable = |e| crate::io::error(&e).context(format!("cannot read target file {shown}"));
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(Error::limit(format!(
            "target file {shown} has {bytes} bytes, at most {FILE_BYTES_MAX} are read"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let groups =
        parse(path, &text).map_err(|e| Error::invalid(format!("target file {shown}: {e}")))?;
    Ok(groups
        .into_iter()
        .map(|group| tagged(path, group))
        .collect())
}

fn parse(path: &Path, text: &str) -> Result<Vec<StaticConfig>, String> {
    let is_json = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"));
    if is_json {
        return serde_json::from_str(text).map_err(|e| e.to_string());
    }
    let groups: Option<_> = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
    Ok(groups.unwrap_or_default())
}

fn tagged(path: &Path, config: StaticConfig) -> TargetGroup {
    let shown = path.to_string_lossy();
    TargetGroup::new(shown.clone().into_owned(), config).tagged(META_FILE_PATH, &shown)
}
