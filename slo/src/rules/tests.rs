//! All rules of the corpus are rules: `rules` of this workspace reads them as Prometheus would.

use narthex_syntax::{ParseOptions, parse as promql};
use serde_yaml::Value;

use super::*;
use crate::{Options, Text, parse};

const DIALECTS: [(Dialect, &str); 3] = [
    (Dialect::Sloth, "sloth"),
    (Dialect::Pyrra, "pyrra"),
    (Dialect::Native, "native"),
];

fn corpus() -> Vec<(String, Vec<Slo>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/specs/good");
    let entries = std::fs::read_dir(folder).expect("the corpus");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    files.sort();
    let read = files.iter().map(|path| {
        let text = std::fs::read_to_string(path).expect("a file");
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = Text {
            file: &name,
            text: &text,
        };
        let specs = parse(&[text], &Options::default()).expect("good");
        (
            name,
            specs.slos.into_iter().map(|placed| placed.slo).collect(),
        )
    });
    read.collect()
}

#[test]
fn rules_of_the_corpus() {
    for (file, slos) in corpus() {
        for (dialect, name) in DIALECTS {
            let rules = rules(&slos, dialect, Form::Prometheus);
            let file_of_rules: Value = serde_yaml::from_str(&rules.text).expect("YAML");
            let groups = file_of_rules["groups"].as_sequence().expect("groups");
            let all = groups
                .iter()
                .flat_map(|group| group["rules"].as_sequence().expect("rules"));
            for rule in all {
                let expr = rule["expr"].as_str().expect("an expression");
                promql(expr, &ParseOptions::default())
                    .unwrap_or_else(|e| panic!("{file} {name}: {e}\n{expr}"));
            }
            // All others would be too much to look at.
            if file != "for-rules" {
                continue;
            }
            let lost = rules.lost.iter().map(|lost| format!("# {lost}\n"));
            insta::assert_snapshot!(name, rules.text.clone() + &lost.collect::<String>());
        }
    }
}

#[test]
fn a_resource_of_the_operator() {
    let (_, slos) = corpus()
        .into_iter()
        .find(|(name, _)| name == "native-short")
        .expect("it");
    let text = rules(&slos, Dialect::Native, Form::PrometheusRule).text;
    assert!(
        text.starts_with("apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n"),
        "{text}"
    );
}
