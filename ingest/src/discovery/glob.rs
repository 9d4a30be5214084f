//! Paths with a `*` in their last part.

use std::path::{Path, PathBuf};

use narthex_model::{ErrorKind, Result};

/// Whether a path may stand in `file_sd_configs`: it ends in `.json`, `.yml` or `.yaml`, and has at most one `*`, in
/// its last part.
pub(crate) fn is_target_file(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let known = matches!(extension.as_deref(), Some("json" | "yml" | "yaml"));
    let text = path.to_string_lossy();
    let in_name = path
        .file_name()
        .map_or(0, |n| n.to_string_lossy().matches('*').count());
    known && in_name <= 1 && text.matches('*').count() == in_name
}

/// The files that `pattern` means, sorted. A path without `*` means itself, whether it exists or not.
///
/// # Errors
/// `Unavailable` if the folder cannot be read; a missing folder has no files.
pub fn glob(pattern: &Path) -> Result<Vec<PathBuf>> {
    let name = pattern
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let Some((before, after)) = name.split_once('*') else {
        return Ok(vec![pattern.to_owned()]);
    };
    let folder = folder(pattern);
    let entries = match std::fs::read_dir(folder).map_err(|e| crate::io::error(&e)) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e.context(format!("cannot list {}", folder.display()))),
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| {
            entry
                .ok()
                .map(|e| e.file_name().to_string_lossy().into_owned())
        })
        .filter(|n| {
            n.len() >= before.len() + after.len() && n.starts_with(before) && n.ends_with(after)
        })
        .map(|n| pattern.with_file_name(n))
        .collect();
    found.sort();
    Ok(found)
}

/// The folder that `pattern` looks into.
pub(crate) fn folder(pattern: &Path) -> &Path {
    match pattern.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
