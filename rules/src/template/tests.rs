//! Templates and what Prometheus makes of them, as data; and templates that do not end.

use std::collections::HashMap;

use narthex_model::Labels;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Case {
    template: String,
    #[serde(default)]
    text: String,
}

fn sample(labels: &[(&str, &str)], value: f64) -> VectorSample {
    VectorSample {
        labels: Labels::new(labels.iter().copied()).expect("valid"),
        value: SampleValue::Float(value),
    }
}

fn answers() -> HashMap<String, Result<Vec<VectorSample>, String>> {
    let vec = |i: &str, value| sample(&[("__name__", "vec"), ("i", i)], value);
    let (one, two, three) = (vec("1", 11.0), vec("2", 21.0), vec("3", 31.0));
    let failed = Err("1:5: parse error: unclosed left parenthesis".to_owned());
    let found = [
        ("vec", Ok(vec![one.clone(), two.clone(), three])),
        ("vec{i='1'}", Ok(vec![one])),
        ("vec{i='2'}", Ok(vec![two])),
        ("scalar(sum(vec))", Ok(vec![sample(&[], 63.0)])),
        ("vec * 0 > 1", Ok(Vec::new())),
        ("vec > 1e9", Ok(Vec::new())),
        ("sum(", failed),
    ];
    found
        .into_iter()
        .map(|(query, answer)| (query.to_owned(), answer))
        .collect()
}

/// Runs a template as an alert does, the error as its text.
fn expand(template: &str) -> String {
    let about = sample(
        &[("__name__", "m"), ("job", "node"), ("instance", "h.x:9100")],
        1.5,
    );
    let external = BTreeMap::from([("region".to_owned(), "eu".to_owned())]);
    let data = AlertData::new(&about, &external, "http://host:9090/prom");
    let all = answers();
    let mut answers = Answers::default();
    let template = match Template::of_alert("A", template) {
        Ok(template) => template,
        Err(message) => return format!("<error expanding template: {message}>"),
    };
    loop {
        let context = Context {
            data: &data,
            at: 1_435_065_584_128,
            external_url: "http://host:9090/prom",
            external_path: "/prom",
            answers: &answers,
        };
        match template.expand(&context, &mut Budget::default()) {
            Ok(Expansion::Text(text)) => return text,
            Ok(Expansion::Ask(query)) => {
                let answer = all.get(&query).cloned().unwrap_or(Ok(Vec::new()));
                answers.insert(query, answer);
            }
            Err(message) => return format!("<error expanding template: {message}>"),
        }
    }
}

#[test]
fn as_prometheus_expands_them() {
    let cases: Vec<Case> = serde_yaml::from_str(include_str!("cases.yaml")).expect("readable");
    let wrong = cases.iter().filter_map(|case| {
        let got = expand(&case.template);
        (got != case.text)
            .then(|| format!("{}\n  want {}\n  got  {got}\n", case.template, case.text))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.concat()
    );
}

#[test]
fn mistakes_are_named_as_prometheus_does() {
    let cases: Vec<Case> = serde_yaml::from_str(include_str!("mistakes.yaml")).expect("readable");
    for case in cases {
        let got = Template::of_alert("A", &case.template)
            .err()
            .unwrap_or_default();
        assert_eq!(got, case.text, "{}", case.template);
    }
}

#[test]
fn functions_newer_than_the_reference() {
    for (template, text) in [
        (
            "{{ now }} {{ now | toTime }}",
            "1.435065584128e+09 2015-06-23 13:19:44.128 +0000 UTC",
        ),
        (
            "{{ toDuration 90.5 }} {{ (toDuration \"90\").Minutes }}",
            "1m30.5s 1.5",
        ),
        ("{{ urlQueryEscape \"a b&c\" }}", "a+b%26c"),
    ] {
        assert_eq!(expand(template), text);
    }
}

#[test]
fn templates_that_do_not_end_are_stopped() {
    for (template, message) in [
        (
            "{{ range 1000000000000 }}{{ end }}",
            "it takes too many steps",
        ),
        (
            "{{ range 1000 }}{{ range 1000 }}{{ . }}{{ end }}{{ end }}",
            "it takes too many steps",
        ),
        (
            "{{ $x := \"aaaaaaaa\" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}",
            "a text of more than 1048576 bytes",
        ),
        (
            "{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}",
            "exceeded maximum template depth (100)",
        ),
        (
            "{{ range 200 }}{{ printf \"%10000d\" 1 }}{{ end }}",
            "a result of more than 1048576 bytes",
        ),
    ] {
        let got = expand(template);
        assert!(got.ends_with(&format!("{message}>")), "{template}: {got}");
    }
}

/// Pieces that templates are made of.
const PIECES: [&str; 40] = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    "if",
    "else",
    "end",
    "range",
    "with",
    "define",
    "template",
    "block",
    "break",
    "continue",
    "$labels",
    "$value",
    "$x",
    ":=",
    "=",
    "|",
    "(",
    ")",
    ".",
    ",",
    "\"t\"",
    "`r`",
    "1",
    "2.5",
    "'a'",
    "nil",
    "true",
    "printf",
    "\"%5.2f%v%[2]d\"",
    "index",
    "slice",
    "query",
    "\"vec\"",
    "humanize",
    "é",
];

proptest! {
    /// Whatever is written, reading and running it ends, and without a panic.
    #[test]
    fn any_text_is_safe(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40), free in ".{0,60}") {
        expand(&pieces.concat());
        expand(&free);
        expand(&format!("{{{{ {free} }}}}"));
        expand(&pieces.join(" "));
    }
}
