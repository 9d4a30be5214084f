//! Which files specs are in.

use std::path::{Path, PathBuf};

use narthex_model::{Error, ErrorKind, MatchOp, Matcher, Result};

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// The files that paths name: a file itself; of a folder all YAML and JSON files in it and below, but for hidden ones; of a pattern with
/// `*` or `?` all that match. Sorted, each once.
///
/// # Errors
/// `NotFound` if a path or pattern names none.
pub fn spec_files<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let path = path.as_ref();
        let before = files.len();
        if path.is_dir() {
            below(path, &mut files)?;
        } else if is_pattern(path) && !path.exists() {
            matching(path, &mut files)?;
        } else if path.exists() {
            files.push(path.to_owned());
        }
        if files.len() == before {
            let message = format!(
                "{} names no spec: expected a file, a folder with YAML files, or a pattern",
                path.display()
            );
            return Err(Error::new(ErrorKind::NotFound, message));
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?'])
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for path in entries(folder)? {
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let extension = path.extension().and_then(|extension| extension.to_str());
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            below(&path, files)?;
        } else if extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            files.push(path);
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed =
        |e| Error::unavailable(format!("cannot read folder {}", folder.display())).with_source(e);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    Ok(paths)
}

/// Walks down the parts of a pattern; `**` stands for any folders.
fn matching(pattern: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let text = part.as_os_str().to_string_lossy();
        let mut next = Vec::new();
        for folder in &found {
            match text.contains(['*', '?']) {
                false => next.push(folder.join(part)),
                true => step(folder, &text, &mut next)?,
            }
        }
        found = next;
    }
    files.extend(found.into_iter().filter(|path| path.is_file()));
    Ok(())
}

fn step(folder: &Path, pattern: &str, next: &mut Vec<PathBuf>) -> Result<()> {
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    if !here.is_dir() {
        return Ok(());
    }
    if pattern == "**" {
        next.push(folder.to_owned());
    }
    let matcher = name_matcher(pattern)?;
    for path in entries(here)? {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let path = folder.join(&name);
        if pattern == "**" {
            if path.is_dir() && !name.starts_with('.') {
                step(&path, pattern, next)?;
            }
        } else if matcher.accepts(&name) {
            next.push(path);
        }
    }
    Ok(())
}

/// A pattern of file names as the regular expression it means; hidden files are matched by name only.
fn name_matcher(pattern: &str) -> Result<Matcher> {
    let mut regex = if pattern.starts_with(['*', '?']) {
        "[^.]".to_owned()
    } else {
        String::new()
    };
    let mut letters = pattern.chars();
    if !regex.is_empty() && pattern.starts_with('?') {
        letters.next();
    }
    for c in letters {
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            c if c.is_alphanumeric() => regex.push(c),
            c => regex.push_str(&format!("\\x{{{:x}}}", u32::from(c))),
        }
    }
    Matcher::new("", MatchOp::Regex, regex)
}
