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

/// The rules of groups.
fn all_rules(text: &str) -> Vec<Value> {
    let file: Value = serde_yaml::from_str(text).expect("YAML");
    let groups = file["groups"].as_sequence().expect("groups");
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_sequence().expect("rules"));
    rules.cloned().collect()
}

/// The names of recorded series that an expression selects: those with a colon.
fn selected(expr: &str) -> Vec<String> {
    use narthex_syntax::ast::Node;
    let mut names = Vec::new();
    let tree = promql(expr, &ParseOptions::default()).expect("PromQL");
    tree.walk(&mut |part| {
        let vector = match &part.node {
            Node::Vector(vector) => vector,
            Node::Matrix(matrix) => &matrix.vector,
            _ => return,
        };
        let name = crate::spec::Selector::new(vector.matchers.clone());
        names.extend(name.metric().filter(|n| n.contains(':')).map(str::to_owned));
    });
    names
}

#[test]
fn whatever_is_selected_is_recorded() {
    let weeks = "
slos:
  - {name: a, objective: 99, window: 30d, errors: e_total, total: t_total, policies: [POLICIES]}
  - {name: b, objective: 99, window: 7d, errors: e_total, total: t_total, policies: [POLICIES]}
  - {name: c, objective: 99, window: 28d, gauge: up, policies: [POLICIES]}
";
    let policies = "{name: slow, severity: ticket, burn: [{factor: 2, long: 28d, short: 7d}, {factor: 3, long: 10d, short: 90s}]}, \
                    {name: drop, severity: ticket, drop: {fraction: 5%, within: 7d}}, \
                    {name: ends, severity: page, exhausted_within: 7d}, google-30d, budget";
    let text = weeks.replace("POLICIES", policies);
    let text = Text {
        file: "weeks",
        text: &text,
    };
    let specs = parse(&[text], &Options::default()).expect("good");
    let mut files = corpus();
    let slos = specs.slos.into_iter().map(|placed| placed.slo).collect();
    files.push(("weeks".to_owned(), slos));
    for (file, slos) in files {
        for (dialect, name) in DIALECTS {
            // Specs may select series that others record: those are none of ours.
            let own = |name: &String| {
                ["slo:", "pyrra_"].iter().any(|own| name.starts_with(own))
                    || [":burnrate", ":increase"]
                        .iter()
                        .any(|own| name.contains(own))
            };
            let rules = all_rules(&rules(&slos, dialect, Form::Prometheus).text);
            let recorded: Vec<_> = rules.iter().filter_map(|r| r["record"].as_str()).collect();
            for expr in rules.iter().filter_map(|rule| rule["expr"].as_str()) {
                for series in selected(expr).into_iter().filter(own) {
                    let is = recorded.contains(&series.as_str());
                    assert!(is, "{file} {name}: {series} of\n{expr}");
                }
            }
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
