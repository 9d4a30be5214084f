//! Which crate may name which: the table of allowed arrows. It stands here once; every manifest is compared with it.
//!
//! An arrow that is missing here is a change of the architecture: add it on its own, with a line in `ARCHITECTURE.md`.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::{Fault, Tree};

/// A crate of the workspace and the crates of ours it may name.
#[derive(Debug, Clone, Copy)]
pub struct Layer {
    /// The folder, from the root.
    pub folder: &'static str,
    /// Under `[dependencies]` and `[build-dependencies]`.
    pub may_use: &'static [&'static str],
    /// Under `[dev-dependencies]`, besides those.
    pub tests_may_use: &'static [&'static str],
    /// Whether it may name DataFusion: all others build and test without it.
    pub datafusion: bool,
}

/// Every crate; a folder that is not made yet may stand here already.
pub const LAYERS: &[Layer] = &[
    layer("model", &[]),
    layer("formats", &["model"]),
    Layer {
        tests_may_use: &["datasets"],
        ..layer("engine", &["model"])
    },
    Layer {
        datafusion: true,
        ..layer("engine/table", &["model", "engine"])
    },
    Layer {
        tests_may_use: &["engine/bucket/faulty"],
        ..layer("engine/bucket", &["model", "engine"])
    },
    layer("engine/bucket/faulty", &[]),
    Layer {
        datafusion: true,
        ..layer("promql", &["model", "promql/syntax"])
    },
    layer("promql/syntax", &["model"]),
    Layer {
        datafusion: true,
        ..layer("sql", &["model", "engine", "engine/table", "promql"])
    },
    layer("settings", &["model"]),
    layer("ingest", &["model", "formats", "settings"]),
    layer("importer", &["model", "formats", "engine"]),
    layer("rules", &["model", "promql/syntax", "settings"]),
    layer("slo", &["model", "promql/syntax", "settings", "rules"]),
    Layer {
        datafusion: true,
        tests_may_use: &["datasets"],
        ..layer(
            "server",
            &[
                "model",
                "formats",
                "engine",
                "engine/table",
                "engine/bucket",
                "promql",
                "sql",
                "settings",
                "ingest",
                "importer",
                "rules",
                "slo",
                "cluster",
            ],
        )
    },
    Layer {
        datafusion: true,
        ..layer("cluster", &["model", "engine/table", "promql", "sql"])
    },
    layer("datasets", &["model", "formats"]),
    Layer {
        // Its tests and micro benchmarks only: the program `side-by-side` is built without.
        datafusion: true,
        ..layer(
            "benches",
            &[
                "model",
                "formats",
                "engine",
                "engine/table",
                "promql",
                "sql",
                "ingest",
                "datasets",
            ],
        )
    },
    layer("xtask", &[]),
];

const fn layer(folder: &'static str, may_use: &'static [&'static str]) -> Layer {
    Layer {
        folder,
        may_use,
        tests_may_use: &[],
        datafusion: false,
    }
}

impl Layer {
    /// The crate's name: `narthex-` and the last part of the folder.
    fn crate_name(&self) -> String {
        format!(
            "narthex-{}",
            self.folder.rsplit('/').next().unwrap_or(self.folder)
        )
    }
}

/// Compares every member's manifest with [`LAYERS`].
pub fn check(tree: &Tree) -> Vec<Fault> {
    let root = PathBuf::from("Cargo.toml");
    let members = match manifest(tree, &root) {
        Ok(table) => members(&table),
        Err(fault) => return vec![fault],
    };
    let mut faults = Vec::new();
    for folder in members {
        let path = Path::new(&folder).join("Cargo.toml");
        let Some(layer) = LAYERS.iter().find(|layer| layer.folder == folder) else {
            let message =
                format!("\"{folder}\" has no line in xtask/src/layers.rs: add its allowed arrows");
            faults.push(Fault {
                path: root.clone(),
                line: 0,
                message,
            });
            continue;
        };
        match manifest(tree, &path) {
            Ok(table) => faults.extend(check_manifest(layer, &path, &table)),
            Err(fault) => faults.push(fault),
        }
    }
    faults
}

fn manifest(tree: &Tree, path: &Path) -> Result<Table, Fault> {
    let fault = |message| Fault {
        path: path.to_owned(),
        line: 0,
        message,
    };
    let text = tree
        .text(path)
        .ok_or_else(|| fault("cannot be read".to_owned()))?;
    text.parse().map_err(|e| fault(format!("is no TOML: {e}")))
}

fn members(root: &Table) -> Vec<String> {
    let members = root
        .get("workspace")
        .and_then(|w| w.get("members"))
        .and_then(Value::as_array);
    let folders = members.into_iter().flatten().filter_map(Value::as_str);
    folders.map(str::to_owned).collect()
}

fn check_manifest(layer: &Layer, path: &Path, manifest: &Table) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |message| {
        faults.push(Fault {
            path: path.to_owned(),
            line: 0,
            message,
        });
    };
    let name = manifest
        .get("package")
        .and_then(|p| p.get("name"))
        .and_then(Value::as_str);
    if name != Some(&layer.crate_name()) {
        fault(format!(
            "the crate of this folder is named {}",
            layer.crate_name()
        ));
    }
    for (section, used) in dependencies(manifest) {
        let tests = section == "dev-dependencies";
        if used.starts_with("datafusion") && !layer.datafusion {
            fault(format!(
                "[{section}] names {used}: only crates above the engine may"
            ));
        }
        if used.starts_with("narthex-") && !may_use(layer, &used, tests) {
            fault(format!(
                "[{section}] names {used}: no arrow from {} to it in xtask/src/layers.rs",
                layer.folder
            ));
        }
    }
    faults
}

fn may_use(layer: &Layer, used: &str, tests: bool) -> bool {
    let for_tests = if tests { layer.tests_may_use } else { &[] };
    let mut folders = layer.may_use.iter().chain(for_tests);
    folders.any(|folder| layer_at(folder).is_some_and(|l| l.crate_name() == used))
}

fn layer_at(folder: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.folder == folder)
}

/// Section and package name of each dependency, those of `[target.….dependencies]` included.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(targets) {
        for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let entries = table
                .get(section)
                .and_then(Value::as_table)
                .into_iter()
                .flatten();
            for (key, value) in entries {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
                found.push((section, package.to_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_keep_to_the_arrows() {
        let tree = Tree::of_this_workspace().expect("the workspace is readable");
        let faults = check(&tree);
        assert!(faults.is_empty(), "{}", crate::listed(&faults));
    }

    #[test]
    fn arrows_lead_to_known_folders_and_make_no_circle() {
        for (i, layer) in LAYERS.iter().enumerate() {
            for used in layer.may_use.iter().chain(layer.tests_may_use) {
                assert!(
                    layer_at(used).is_some(),
                    "{} may use unknown {used}",
                    layer.folder
                );
            }
            let mut reached: Vec<&str> = layer.may_use.to_vec();
            let mut at = 0;
            while let Some(next) = reached.get(at).and_then(|folder| layer_at(folder)) {
                assert_ne!(
                    next.folder, layer.folder,
                    "a circle through {}",
                    layer.folder
                );
                reached.extend(
                    next.may_use
                        .iter()
                        .filter(|f| !reached.contains(*f))
                        .collect::<Vec<_>>(),
                );
                at += 1;
            }
            assert!(
                LAYERS[..i].iter().all(|other| other.folder != layer.folder),
                "{} twice",
                layer.folder
            );
        }
    }

    #[test]
    fn forbidden_arrows_are_named() {
        let path = Path::new("engine/Cargo.toml");
        let manifest: Table = "package.name = 'narthex-engine'\n\
            dependencies.datafusion = '55'\n\
            dependencies.narthex-promql.workspace = true\n\
            dev-dependencies.narthex-datasets.workspace = true\n\
            target.'cfg(unix)'.dependencies.other = { package = 'narthex-sql' }"
            .parse()
            .expect("toml");
        let faults = check_manifest(layer_at("engine").expect("a layer"), path, &manifest);
        let text = crate::listed(&faults);
        assert_eq!(faults.len(), 3, "{text}");
        assert!(
            text.contains("engine/Cargo.toml: [dependencies] names narthex-sql"),
            "{text}"
        );
    }
}
