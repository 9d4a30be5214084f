//! Files, folders and patterns; and that no file whatever brings the readers down or leaves a mistake without its place.

use std::fs;
use std::path::Path;

use narthex_slo::{Options, Text, load, parse, spec_files};
use proptest::prelude::*;

const SLO: &str = "{name: NAME, objective: 99, window: 7d, gauge: up}\n";

fn write(folder: &Path, name: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("writes");
    let stem = path
        .file_stem()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    fs::write(&path, SLO.replace("NAME", &stem)).expect("writes");
}

#[test]
fn folders_and_patterns() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    for name in [
        "b.yaml",
        "a.yml",
        "sub/c.yaml",
        "sub/deep/d.json",
        ".hidden.yaml",
        ".git/e.yaml",
        "f.txt",
    ] {
        write(root, name);
    }
    let names = |paths: &[&str]| {
        let paths: Vec<_> = paths.iter().map(|path| root.join(path)).collect();
        let specs = load(&paths, &Options::default()).map_err(|errors| errors[0].to_string())?;
        let names: Vec<_> = specs
            .slos
            .into_iter()
            .map(|placed| placed.slo.name)
            .collect();
        Ok::<_, String>(names.join(" "))
    };
    assert_eq!(names(&[""]).as_deref(), Ok("a b c d"));
    assert_eq!(names(&["sub"]).as_deref(), Ok("c d"));
    assert_eq!(names(&["*.yaml"]).as_deref(), Ok("b"));
    assert_eq!(names(&["**/*.yaml"]).as_deref(), Ok("b c"));
    assert_eq!(
        names(&["?.y*ml", "b.yaml", "f.txt"]).as_deref(),
        Ok("a b f")
    );
    for path in ["nothing.yaml", "*.toml"] {
        assert!(
            names(&[path])
                .expect_err("nothing")
                .contains("names no spec")
        );
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_back_to_where_they_are() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    write(root, "a/x.yaml");
    write(root, "b/y.yaml");
    for (to, from) in [
        ("..", "a/up"),
        (".", "a/same"),
        ("../a", "b/other"),
        ("b", "c"),
    ] {
        symlink(to, root.join(from)).expect("links");
    }
    for path in ["", "a", "**/*.yaml", "a/**/*.yaml", "c"] {
        let found = spec_files(&[root.join(path)]).expect("readable");
        let mut names: Vec<_> = found.iter().filter_map(|f| f.file_name()).collect();
        names.sort();
        assert_eq!(names, ["x.yaml", "y.yaml"], "{path}: {found:?}");
    }
}

#[test]
fn references_across_files() {
    let sli = "{apiVersion: openslo/v1, kind: SLI, metadata: {name: up}, spec: {thresholdMetric: {metricSource: {spec: {query: up}}}}}";
    let slo = "{apiVersion: openslo/v1, kind: SLO, metadata: {name: a}, spec: {service: s, indicatorRef: up, timeWindow: [{duration: 7d, isRolling: true}], \
               budgetingMethod: Occurrences, objectives: [{op: gte, value: 1, target: 0.9}]}}";
    let texts = [("slo.yaml", slo), ("sli.yaml", sli)];
    let texts = texts.map(|(file, text)| Text { file, text });
    let specs = parse(&texts, &Options::default()).expect("valid");
    assert_eq!(specs.slos.len(), 1);
    let errors = parse(&texts[..1], &Options::default()).expect_err("no SLI");
    assert!(
        errors[0].to_string().contains("there is no SLI \"up\""),
        "{errors:?}"
    );
}

fn corpus() -> Vec<String> {
    let folders = ["good", "bad"].map(|kind| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/specs")
            .join(kind)
    });
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("the corpus"));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).expect("a file"))
        .collect()
}

const WORDS: [&str; 14] = [
    "null",
    "[]",
    "{}",
    "-1",
    "1e308",
    "\"\"",
    "x: y",
    "30d",
    "99.9",
    "'{{.window}}'",
    "sum(x)",
    "~",
    "&a b",
    "true",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Lines that are taken out, doubled, moved, or given another value.
    #[test]
    fn damaged_files(
        file in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<prop::sample::Index>()), 1..4),
    ) {
        let files = corpus();
        let mut lines: Vec<String> = file.get(&files).lines().map(str::to_owned).collect();
        for (at, kind, other) in edits {
            let at = at.index(lines.len());
            match kind {
                0 if lines.len() > 1 => { lines.remove(at); }
                1 => lines.insert(at, lines[other.index(lines.len())].clone()),
                2 => lines[at] = format!("  {}", lines[at]),
                _ => if let Some((key, _)) = lines[at].split_once(": ") {
                    lines[at] = format!("{key}: {}", other.get(&WORDS));
                },
            }
        }
        let text = lines.join("\n");
        let text = Text { file: "f.yaml", text: &text };
        if let Err(errors) = parse(&[text], &Options::default()) {
            for error in errors {
                let said = error.to_string();
                let place = said.strip_prefix("f.yaml:").unwrap_or_default();
                let line = place.split(':').next().and_then(|line| line.parse::<usize>().ok());
                prop_assert!(line.is_some(), "{said}\n{}", text.text);
            }
        }
    }
}
