//! One table per action; labels are written `a=1 b=2`.

use super::*;

fn labels(text: &str) -> LabelSet {
    text.split_whitespace()
        .filter_map(|pair| pair.split_once('='))
        .collect()
}

fn show(labels: &LabelSet) -> String {
    let mut all: Vec<String> = labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
    all.sort();
    all.join(" ")
}

/// Applies the rules of a YAML list; `dropped` if one drops.
fn check(rules: &str, cases: &[(&str, &str)]) {
    let configs: Vec<RelabelConfig> = serde_yaml::from_str(rules).expect(rules);
    let rules = Rule::compile_all(&configs).expect(rules);
    for (before, after) in cases {
        let mut set = labels(before);
        let got = if apply(&rules, &mut set) {
            show(&set)
        } else {
            "dropped".to_owned()
        };
        assert_eq!(got, *after, "{configs:?} on {before}");
    }
}

#[test]
fn replace() {
    check(
        "[{source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: c, replacement: '$2-${1}'}]",
        &[
            ("a=foo b=bar", "a=foo b=bar c=ba-oo"),
            ("a=boo b=bar", "a=boo b=bar"),
            ("b=bar", "b=bar"),
        ],
    );
    check(
        "[{target_label: a, replacement: x}]",
        &[("", "a=x"), ("a=1", "a=x")],
    );
    check(
        "[{source_labels: [a], target_label: b}]",
        &[("a=1", "a=1 b=1"), ("b=2", ""), ("a=x b=2", "a=x b=x")],
    );
    check(
        "[{source_labels: [a], target_label: b, replacement: ''}]",
        &[("a=1 b=2", "a=1")],
    );
    check(
        "[{source_labels: [a], regex: '(.+)-(.+)', target_label: '${1}_x', replacement: $2}]",
        &[("a=q-w", "a=q-w q_x=w"), ("a=q", "a=q")],
    );
    check(
        "[{source_labels: [__address__], regex: '([^:]+)(?::\\d+)?', target_label: __address__, replacement: '$1:9100'}]",
        &[
            ("__address__=h:80", "__address__=h:9100"),
            ("__address__=h", "__address__=h:9100"),
        ],
    );
    check(
        "[{source_labels: [a], regex: o, target_label: b, replacement: x}]",
        &[("a=foo", "a=foo")],
    );
    check(
        "[{source_labels: [a], regex: 1, target_label: 'with.dot', replacement: 2}]",
        &[("a=1", "a=1 with.dot=2")],
    );
}

#[test]
fn keep_and_drop() {
    check(
        "[{source_labels: [a], regex: 'x|y', action: keep}]",
        &[("a=x", "a=x"), ("a=xx", "dropped"), ("b=1", "dropped")],
    );
    check(
        "[{source_labels: [a], regex: 'x.*', action: Drop}]",
        &[("a=xx", "dropped"), ("a=y", "a=y"), ("", "")],
    );
    check(
        "[{source_labels: [a], regex: '', action: keep}]",
        &[("b=1", "b=1"), ("a=1", "dropped")],
    );
}

#[test]
fn dot_matches_line_ends() {
    let configs: Vec<RelabelConfig> =
        serde_yaml::from_str("[{source_labels: [a], regex: 'x.y', action: drop}]").expect("valid");
    let rules = Rule::compile_all(&configs).expect("valid");
    assert!(!apply(&rules, &mut [("a", "x\ny")].into_iter().collect()));
}

#[test]
fn equality() {
    check(
        "[{source_labels: [a], target_label: b, action: keepequal}]",
        &[("a=1 b=1", "a=1 b=1"), ("a=1 b=2", "dropped"), ("", "")],
    );
    check(
        "[{source_labels: [a], target_label: b, action: dropequal}]",
        &[
            ("a=1 b=1", "dropped"),
            ("a=1 b=2", "a=1 b=2"),
            ("", "dropped"),
        ],
    );
}

#[test]
fn hashmod() {
    // The last 8 bytes of md5("foo") are 0xedef654fccc4a4d8.
    check(
        "[{source_labels: [a], target_label: b, action: hashmod, modulus: 1000}]",
        &[("a=foo", "a=foo b=696")],
    );
    check(
        "[{source_labels: [a], target_label: b, action: hashmod, modulus: 1}]",
        &[("a=foo", "a=foo b=0")],
    );
}

#[test]
fn labelmap() {
    check(
        "[{regex: '__meta_(.+)', action: labelmap}]",
        &[
            ("__meta_x=1 y=2", "__meta_x=1 x=1 y=2"),
            ("__meta_y=1 y=2", "__meta_y=1 y=1"),
        ],
    );
    check(
        "[{regex: 'a(.)', replacement: 'b_${1}_c', action: labelmap}]",
        &[("ax=1 bx=2", "ax=1 b_x_c=1 bx=2")],
    );
}

#[test]
fn labeldrop_and_labelkeep() {
    check(
        "[{regex: 'a.*', action: labeldrop}]",
        &[("a=1 ab=2 ba=3", "ba=3")],
    );
    check(
        "[{regex: 'a.*', action: labelkeep}]",
        &[("a=1 ab=2 ba=3", "a=1 ab=2")],
    );
}

#[test]
fn letter_case() {
    check(
        "[{source_labels: [a], target_label: a, action: lowercase}]",
        &[("a=FoÖ", "a=foö")],
    );
    check(
        "[{source_labels: [a, b], target_label: c, action: uppercase}]",
        &[("a=x b=y", "a=x b=y c=X;Y")],
    );
}

#[test]
fn rules_in_turn() {
    check(
        "[{source_labels: [a], target_label: t}, {source_labels: [t], regex: bad, action: drop}, {regex: t, action: labeldrop}]",
        &[("a=bad", "dropped"), ("a=good", "a=good")],
    );
}

#[test]
fn keys_that_do_not_go_together() {
    let cases = [
        (
            "{action: hashmod, target_label: a}",
            "action hashmod needs a modulus above 0",
        ),
        ("{action: replace}", "action replace needs a target_label"),
        (
            "{action: lowercase, source_labels: [a]}",
            "action lowercase needs a target_label",
        ),
        (
            "{action: uppercase, target_label: a, replacement: x}",
            "action uppercase takes no replacement",
        ),
        (
            "{action: keepequal, target_label: a, regex: x}",
            "action keepequal takes no regex",
        ),
        (
            "{action: labeldrop, source_labels: [a]}",
            "action labeldrop takes no source_labels",
        ),
        (
            "{action: labelmap, replacement: ''}",
            "action labelmap needs a replacement",
        ),
    ];
    for (text, message) in cases {
        let config: RelabelConfig = serde_yaml::from_str(text).expect(text);
        assert_eq!(Rule::compile(&config).expect_err(text), message);
    }
}
