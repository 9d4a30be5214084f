//! What differs between two lists of alerts, as JSON in the colours that promtool gives it.

use std::collections::{BTreeMap, BTreeSet};

use narthex_syntax::Quoted;

use super::failure::ShownAlert;

const REMOVED: &str = "\x1b[0;31m";
const ADDED: &str = "\x1b[0;32m";
const CHANGED: &str = "\x1b[0;33m";
const PLAIN: &str = "\x1b[0m";

/// `expected` against `got`, alert by alert in order. Lines after the first are indented.
pub(super) fn diff(expected: &[ShownAlert], got: &[ShownAlert]) -> String {
    // Two lists are compared in which at least one alert is, if only one without labels.
    let nobody = [ShownAlert::default()];
    let [expected, got] = [expected, got].map(|alerts| match alerts {
        [] => nobody.as_slice(),
        alerts => alerts,
    });
    let count = expected.len().max(got.len());
    let mut lines = vec!["[".to_owned()];
    for at in 0..count {
        let comma = comma(at, count);
        match (expected.get(at), got.get(at)) {
            (Some(expected), Some(got)) => {
                lines.push("    {".to_owned());
                let annotations = (&expected.annotations, &got.annotations);
                both(&mut lines, "Annotations", annotations, ",");
                both(&mut lines, "Labels", (&expected.labels, &got.labels), "");
                lines.push(format!("    }}{comma}"));
            }
            (Some(alert), None) => one(&mut lines, alert, REMOVED, comma),
            (None, Some(alert)) => one(&mut lines, alert, ADDED, comma),
            (None, None) => {}
        }
    }
    lines.push("]".to_owned());
    lines.join(&format!("\n{}", " ".repeat(12)))
}

type Texts = BTreeMap<String, String>;

/// A member of two alerts.
fn both(lines: &mut Vec<String>, name: &str, (expected, got): (&Texts, &Texts), comma: &str) {
    let keys: BTreeSet<_> = expected.keys().chain(got.keys()).collect();
    if keys.is_empty() {
        lines.push(format!("        \"{name}\": {{}}{comma}"));
        return;
    }
    lines.push(format!("        \"{name}\": {{"));
    for (at, key) in keys.iter().enumerate() {
        let member = |value| format!("{}: {}", Quoted(key), Quoted(value));
        let text = match (expected.get(*key), got.get(*key)) {
            (Some(expected), Some(got)) if expected == got => member(expected),
            (Some(expected), Some(got)) => {
                let (key, expected, got) = (Quoted(key), Quoted(expected), Quoted(got));
                format!("{key}: {CHANGED}{expected} => {got}{PLAIN}")
            }
            (Some(value), None) => format!("{REMOVED}{}{PLAIN}", member(value)),
            (None, Some(value)) => format!("{ADDED}{}{PLAIN}", member(value)),
            (None, None) => continue,
        };
        let comma = self::comma(at, keys.len());
        lines.push(format!("            {text}{comma}"));
    }
    lines.push(format!("        }}{comma}"));
}

/// An alert that only one of the lists has.
fn one(lines: &mut Vec<String>, alert: &ShownAlert, colour: &str, comma: &str) {
    let mut push = |indent: usize, text: &str| {
        lines.push(format!("{}{colour}{text}{PLAIN}", " ".repeat(indent)));
    };
    push(4, "{");
    for (name, texts, after) in [
        ("Annotations", &alert.annotations, ","),
        ("Labels", &alert.labels, ""),
    ] {
        if texts.is_empty() {
            push(8, &format!("\"{name}\": {{}}{after}"));
            continue;
        }
        push(8, &format!("\"{name}\": {{"));
        for (at, (key, value)) in texts.iter().enumerate() {
            let comma = self::comma(at, texts.len());
            push(12, &format!("{}: {}{comma}", Quoted(key), Quoted(value)));
        }
        push(8, &format!("}}{after}"));
    }
    push(4, "}");
    // The last comma has no colour.
    if let Some(last) = lines.last_mut() {
        last.push_str(comma);
    }
}

/// What comes after element `at` of `count`.
fn comma(at: usize, count: usize) -> &'static str {
    if at + 1 < count { "," } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_side_by_side() {
        let texts = |all: &[(&str, &str)]| {
            let pairs = all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            pairs.collect()
        };
        let alert = |labels: &[(&str, &str)], annotations: &[(&str, &str)]| ShownAlert {
            labels: texts(labels),
            annotations: texts(annotations),
        };
        let expected = [alert(&[("a", "1"), ("b", "2"), ("c", "3")], &[])];
        let got = [
            alert(&[("a", "1"), ("b", "x"), ("d", "4")], &[]),
            alert(&[("a", "1")], &[]),
        ];
        let shown = diff(&expected, &got).replace(&format!("\n{}", " ".repeat(12)), "\n");
        let expected = "[\n    {\n        \"Annotations\": {},\n        \"Labels\": {\n            \"a\": \"1\",\n            \"b\": Y\"2\" => \"x\".,\n\
            \x20           R\"c\": \"3\".,\n            G\"d\": \"4\".\n        }\n    },\n    G{.\n        G\"Annotations\": {},.\n        G\"Labels\": {.\n\
            \x20           G\"a\": \"1\".\n        G}.\n    G}.\n]";
        let shown = shown
            .replace(REMOVED, "R")
            .replace(ADDED, "G")
            .replace(CHANGED, "Y")
            .replace(PLAIN, ".");
        assert_eq!(shown, expected);
        assert_eq!(diff(&[], &[]).lines().count(), 6);
    }
}
