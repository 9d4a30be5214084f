//! Which files specs are in.

use std::collections::BTreeSet;
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
            below(path, &mut Seen::default(), &mut files)?;
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

/// The folders that were walked through, whatever they are called: links may lead back to where they are.
#[derive(Debug, Default)]
struct Seen(BTreeSet<PathBuf>);

impl Seen {
    /// Whether a folder is met for the first time.
    fn is_new(&mut self, folder: &Path) -> bool {
        // What cannot be resolved cannot be read either, and that is told then.
        folder
            .canonicalize()
            .map_or(true, |folder| self.0.insert(folder))
    }
}

fn below(folder: &Path, seen: &mut Seen, files: &mut Vec<PathBuf>) -> Result<()> {
    if !seen.is_new(folder) {
        return Ok(());
    }
    for path in entries(folder)? {
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let extension = path.extension().and_then(|extension| extension.to_str());
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            below(&path, seen, files)?;
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
    // So that of several ways to a folder always the same one is gone.
    paths.sort();
    Ok(paths)
}

/// Walks down the parts of a pattern; `**` stands for any folders.
fn matching(pattern: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let text = part.as_os_str().to_string_lossy();
        let mut next = Vec::new();
        let mut seen = Seen::default();
        for folder in &found {
            match &*text {
                "**" => all_below(folder, &mut seen, &mut next)?,
                text if text.contains(['*', '?']) => step(folder, text, &mut next)?,
                _ => next.push(folder.join(part)),
            }
        }
        found = next;
    }
    files.extend(found.into_iter().filter(|path| path.is_file()));
    Ok(())
}

/// What of a folder matches a part.
fn step(folder: &Path, pattern: &str, next: &mut Vec<PathBuf>) -> Result<()> {
    let matcher = name_matcher(pattern)?;
    let names = names(folder)?.into_iter();
    next.extend(
        names
            .filter(|name| matcher.accepts(name))
            .map(|name| folder.join(name)),
    );
    Ok(())
}

/// A folder and all below it, but for hidden ones.
fn all_below(folder: &Path, seen: &mut Seen, next: &mut Vec<PathBuf>) -> Result<()> {
    if !here(folder).is_dir() || !seen.is_new(here(folder)) {
        return Ok(());
    }
    next.push(folder.to_owned());
    for name in names(folder)?.iter().filter(|name| !name.starts_with('.')) {
        all_below(&folder.join(name), seen, next)?;
    }
    Ok(())
}

/// What is in a folder; nothing, if it is none.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !here(folder).is_dir() {
        return Ok(Vec::new());
    }
    let paths = entries(here(folder))?.into_iter();
    let name = |path: PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
    Ok(paths.filter_map(name).collect())
}

/// The folder that a relative path begins in has no name.
fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
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
