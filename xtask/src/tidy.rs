//! Rules about files themselves: opening sentence, length, notes to do, links, and paths of one machine.

use std::path::{Component, Path, PathBuf};

use crate::{Fault, Tree};

/// A file longer than this is cut in two.
const LINES_MAX: usize = 1000;

/// Starts of paths that exist on one machine only; put together here so that this file does not hold them.
const MACHINE_PATHS: [&str; 4] = [
    concat!("/", "work/"),
    concat!("/", "home/"),
    concat!("/", "Users/"),
    concat!("/", "root/"),
];

/// A note to do something later needs the number of an issue in brackets.
const NOTES: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Files that are ours to write: the rules about text hold for them.
const TEXT_EXTENSIONS: [&str; 8] = ["rs", "md", "toml", "sh", "py", "yml", "yaml", "html"];

/// Checks all rules on all files.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for path in tree.files().filter(|path| is_text(path)) {
        let Some(text) = tree.text(path) else {
            faults.push(fault(path, 0, "is not UTF-8 text"));
            continue;
        };
        let extension = path.extension().unwrap_or_default();
        if extension == "rs" {
            faults.extend(opening_sentence(path, &text));
            faults.extend(length(path, &text));
        }
        if extension == "md" {
            faults.extend(dead_links(tree, path, &text));
        }
        faults.extend(notes(path, &text));
        faults.extend(machine_paths(path, &text));
    }
    faults
}

/// By name, and scripts without an extension in `.ci`.
fn is_text(path: &Path) -> bool {
    match path.extension().and_then(|e| e.to_str()) {
        Some(extension) => TEXT_EXTENSIONS.contains(&extension),
        None => path.starts_with(".ci"),
    }
}

fn fault(path: &Path, line: usize, message: impl Into<String>) -> Fault {
    Fault {
        path: path.to_owned(),
        line,
        message: message.into(),
    }
}

fn opening_sentence(path: &Path, text: &str) -> Option<Fault> {
    let first = text.lines().next().unwrap_or_default();
    let said = first
        .strip_prefix("//! ")
        .is_some_and(|words| !words.trim().is_empty());
    (!said).then(|| {
        fault(
            path,
            1,
            "must start with a `//! ` sentence that says what the file is for",
        )
    })
}

fn length(path: &Path, text: &str) -> Option<Fault> {
    let lines = text.lines().count();
    let message = format!("has {lines} lines: split it, {LINES_MAX} are the limit");
    (lines > LINES_MAX).then(|| fault(path, 0, message))
}

fn notes(path: &Path, text: &str) -> Vec<Fault> {
    let bare = |line: &str| NOTES.iter().any(|note| has_bare_note(line, note));
    let lines = text.lines().enumerate().filter(|(_, line)| bare(line));
    let message = "has a note without a number: write it as `NOTE(#12): …`, or do it";
    lines.map(|(i, _)| fault(path, i + 1, message)).collect()
}

fn has_bare_note(line: &str, note: &str) -> bool {
    line.match_indices(note).any(|(at, _)| {
        let alone = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &line[at + note.len()..];
        let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let number = rest
            .strip_prefix("(#")
            .is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()));
        alone && ends && !number
    })
}

fn machine_paths(path: &Path, text: &str) -> Vec<Fault> {
    let named = |line: &str| {
        MACHINE_PATHS
            .into_iter()
            .find(|start| names_path(line, start))
    };
    let lines = text
        .lines()
        .enumerate()
        .filter_map(|(i, line)| Some((i, named(line)?)));
    lines
        .map(|(i, start)| {
            fault(
                path,
                i + 1,
                format!("names `{start}…`, a path of one machine"),
            )
        })
        .collect()
}

/// Whether `line` has a path that starts so, and not a longer one that holds it (a URL's path, for instance).
fn names_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        !line[..at]
            .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '~'))
    })
}

/// Links to files of the tree that are not there. Links inside code are not links.
fn dead_links(tree: &Tree, path: &Path, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut in_code = false;
    for (i, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in link_targets(line) {
            let file = target.split('#').next().unwrap_or_default();
            let folder = path.parent().unwrap_or(Path::new(""));
            if !file.is_empty() && !is_url(file) && !tree.exists(&resolved(folder, file)) {
                faults.push(fault(
                    path,
                    i + 1,
                    format!("links to {target}, which does not exist"),
                ));
            }
        }
    }
    faults
}

fn is_url(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

/// The targets of `[text](target)` in a line, without what stands in backticks.
fn link_targets(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
    let parts = prose.split("](").skip(1);
    let targets = parts.filter_map(|part| part.split([')', ' ']).next());
    targets.map(str::to_owned).collect()
}

/// `file` seen from `folder`, with `..` taken out; a leading `/` means the root of the tree.
fn resolved(folder: &Path, file: &str) -> PathBuf {
    let joined = match file.strip_prefix('/') {
        Some(from_root) => PathBuf::from(from_root),
        None => folder.join(file),
    };
    let mut plain = PathBuf::new();
    for part in joined.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(name) => plain.push(name),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let tree = Tree::of_this_workspace().expect("the workspace is readable");
        let faults = check(&tree);
        assert!(faults.is_empty(), "{}", crate::listed(&faults));
    }

    /// A tree of one file, checked.
    fn checked(name: &str, text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("docs")).expect("a folder");
        std::fs::write(folder.path().join("docs/there.md"), "").expect("written");
        std::fs::write(folder.path().join(name), text).expect("written");
        crate::listed(&check(&Tree::read(folder.path()).expect("readable")))
    }

    #[test]
    fn each_rule_finds_its_fault() {
        let cases = [
            ("a.rs", "use x;\n".to_owned(), "a.rs:1: must start"),
            (
                "a.rs",
                format!("//! A.\n// {}: later\n", NOTES[0]),
                "a.rs:2: has a note",
            ),
            (
                "a.rs",
                format!("//! A.\n{}", "\n".repeat(LINES_MAX)),
                "a.rs: has 1001 lines",
            ),
            (
                "a.sh",
                format!("cd {}x\n", MACHINE_PATHS[0]),
                "a.sh:1: names",
            ),
            (
                "a.md",
                "[x](docs/gone.md)\n".to_owned(),
                "a.md:1: links to docs/gone.md",
            ),
        ];
        for (name, text, want) in cases {
            let got = checked(name, &text);
            assert!(
                got.starts_with("1 faults:\n  ") && got.contains(want),
                "{want}: {got}"
            );
        }
    }

    #[test]
    fn what_is_allowed_is_not_a_fault() {
        let note = NOTES[0];
        let rust = format!(
            "//! A.\n// {note}(#12): later\n// {note}S is no note, https://a.b{}x\n",
            MACHINE_PATHS[1]
        );
        let markdown = "[x](docs/there.md#part) [y](https://a.b) `[z](gone)` [w](#here)\n```\n[v](gone)\n```\n";
        assert_eq!(checked("a.rs", &rust), "0 faults:");
        assert_eq!(checked("a.md", markdown), "0 faults:");
    }
}
