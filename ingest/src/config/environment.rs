//! `$VAR` and `${VAR}` in external labels.

use std::collections::BTreeMap;

use super::Warning;
use narthex_settings::{Source, Step};

/// Replaces variables by their values, `$$` by `$`. An unset one becomes empty, with a warning.
pub(crate) fn expand(labels: &mut BTreeMap<String, String>, source: &Source<'_>) -> Vec<Warning> {
    let mut unset = Vec::new();
    for value in labels.values_mut() {
        *value = expand_text(value, &mut |name| {
            std::env::var(name).unwrap_or_else(|_| {
                unset.push(name.to_owned());
                String::new()
            })
        });
    }
    let path = [Step::Key("global"), Step::Key("external_labels")];
    let warn = |name: &String| {
        source.at(
            &path,
            &format!("environment variable \"{name}\" is not set"),
        )
    };
    unset.iter().map(warn).collect()
}

fn expand_text(text: &str, lookup: &mut dyn FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = after.strip_prefix('{').and_then(|a| a.split_once('}'))
        {
            out.push_str(&lookup(name));
            rest = after;
        } else {
            let (name, after) = after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len()));
            out.push_str(&lookup(name));
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_variables() {
        let mut lookup = |name: &str| {
            if name == "A" {
                "x".to_owned()
            } else {
                String::new()
            }
        };
        for (text, want) in [
            ("$A-b", "x-b"),
            ("${A}b", "xb"),
            ("$$A", "$A"),
            ("a$B", "a"),
            ("plain", "plain"),
        ] {
            assert_eq!(expand_text(text, &mut lookup), want);
        }
    }
}
