//! The results of tests as XML of JUnit, as promtool writes it.

use std::fmt::Write;

use super::{Case, Suite};

/// All files in one text.
pub(crate) fn report(suites: &[Suite]) -> String {
    let suites: String = suites.iter().map(suite).collect();
    format!("<testsuites>{suites}</testsuites>")
}

fn suite(suite: &Suite) -> String {
    let (tests, failures, errors, body) = match &suite.cases {
        Ok(cases) => {
            let failures = cases.iter().map(|case| case.wrong.len()).sum();
            (cases.len(), failures, 0, cases.iter().map(case).collect())
        }
        Err(error) => {
            let error = escaped(error);
            let body = format!("<testcase name=\"unknown\"><error>{error}</error></testcase>");
            (1, 0, 1, body)
        }
    };
    let began = suite.began.map_or_else(String::new, |began| {
        began.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    });
    let name = escaped(&suite.file);
    format!(
        "<testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\" timestamp=\"{began}\">{body}</testsuite>"
    )
}

fn case(case: &Case) -> String {
    let wrong = case.wrong.iter();
    let wrong: String = wrong
        .map(|text| format!("<failure>{}</failure>", escaped(text)))
        .collect();
    format!(
        "<testcase name=\"{}\">{wrong}</testcase>",
        escaped(&case.name)
    )
}

/// A text that means itself in XML; what XML cannot say is replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' => {
                // Writing to a text does not fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#x{:X};", u32::from(c));
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_bad_and_unreadable() {
        let suites = [
            Suite {
                file: "a&b.yml".to_owned(),
                began: Some(jiff::Timestamp::UNIX_EPOCH),
                cases: Ok(vec![
                    Case {
                        name: "good".to_owned(),
                        wrong: Vec::new(),
                    },
                    Case {
                        name: "<bad>".to_owned(),
                        wrong: vec!["exp: \"1\"\n\tgot: '2'\u{1}".to_owned(), "x".to_owned()],
                    },
                ]),
            },
            Suite {
                file: "c.yml".to_owned(),
                began: None,
                cases: Err("no".to_owned()),
            },
        ];
        let expected = "<testsuites>\
            <testsuite name=\"a&amp;b.yml\" tests=\"2\" failures=\"2\" errors=\"0\" skipped=\"0\" timestamp=\"1970-01-01T00:00:00\">\
            <testcase name=\"good\"></testcase><testcase name=\"&lt;bad&gt;\">\
            <failure>exp: &#34;1&#34;&#xA;&#x9;got: &#39;2&#39;\u{fffd}</failure><failure>x</failure></testcase></testsuite>\
            <testsuite name=\"c.yml\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" timestamp=\"\">\
            <testcase name=\"unknown\"><error>no</error></testcase></testsuite></testsuites>";
        assert_eq!(report(&suites), expected);
    }
}
