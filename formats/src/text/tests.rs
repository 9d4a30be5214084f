//! Good and bad Prometheus text.

use std::borrow::Cow;

use crate::testing::{check_bad, check_good, events};
use crate::{Event, ExpositionParser, Protocol};

const TEXT: Protocol = Protocol::PrometheusText1_0_0;

#[test]
fn samples() {
    check_good(
        TEXT,
        &[
            ("", ""),
            ("\n \n\t\n", ""),
            ("up 1", "up{} 1"),
            ("up 1\n", "up{} 1"),
            ("up\t1\t1000\n", "up{} 1 @1000"),
            ("  up  1  -1000  \n", "up{} 1 @-1000"),
            ("up{} 1\n", "up{} 1"),
            ("up { } 1\n", "up{} 1"),
            ("a:b_c9{x=\"y\"} 1\n", "a:b_c9{x=\"y\"} 1"),
            ("up{a=\"b\",c=\"d\",} 1.5e3\n", "up{a=\"b\",c=\"d\"} 1500"),
            ("up { a = \"b\" , c = \"\" } 1\n", "up{a=\"b\",c=\"\"} 1"),
            ("up{a=\"b\"}1\n", "up{a=\"b\"} 1"),
            ("up{a=\"{},# =\"} 1\n", "up{a=\"{},# =\"} 1"),
            (
                "up +Inf\nup -Inf\nup NaN\n",
                "up{} inf\nup{} -inf\nup{} NaN",
            ),
            (
                "up 1\r\nup{a=\"b\"} 2 3\r\n\r\n",
                "up{} 1\nup{a=\"b\"} 2 @3",
            ),
        ],
    );
}

#[test]
fn escapes_and_quoted_names() {
    check_good(
        TEXT,
        &[
            (
                r#"up{a="\\ \" \n \t \\n"} 1"#,
                r#"up{a="\\ \" \n \\t \\n"} 1"#,
            ),
            (r#"up{a="\"",b="x"} 1"#, r#"up{a="\"",b="x"} 1"#),
            (
                r#"{"my.metric", "l.x"="v", l="w"} 1 5"#,
                r#"my.metric{l.x="v",l="w"} 1 @5"#,
            ),
            (r#"{l="v","my.metric"} 1"#, r#"my.metric{l="v"} 1"#),
            (r#"{"a\"b"} 1"#, r#"a"b{} 1"#),
            (r#"{"up"} 1"#, "up{} 1"),
            (
                "up{ä=\"1\"} 1".replace('ä', "\"ä\"").as_str(),
                "up{ä=\"1\"} 1",
            ),
        ],
    );
}

#[test]
fn metadata() {
    check_good(
        TEXT,
        &[
            (
                "# TYPE a counter\n# HELP a Says \\\\ and \\n.\n",
                "type a counter\nhelp a \"Says \\\\ and \\n.\"",
            ),
            ("#\tTYPE\ta\tuntyped \r\n", "type a unknown"),
            ("# HELP a\n# HELP b \r\n", "help a \"\"\nhelp b \"\""),
            ("# TYPE \"my.metric\" gauge\n", "type my.metric gauge"),
            (
                "#\n# \n#TYPE a nonsense\n# just a comment\n# EOF\n# HELP\n# UNIT a b\n",
                "",
            ),
        ],
    );
}

#[test]
fn bounds_are_spelled_alike() {
    check_good(
        TEXT,
        &[(
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\n# TYPE s summary\ns{quantile=\"0.50\"} 1\n# TYPE g gauge\ng{le=\"1\"} 1",
            "type h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\ntype s summary\ns{quantile=\"0.5\"} 1\ntype g gauge\ng{le=\"1\"} 1",
        )],
    );
}

#[test]
fn bad_text() {
    check_bad(
        TEXT,
        &[
            (
                b"up",
                "line 1, column 3: expected a blank or an opening brace after the metric name, found the end of the line",
            ),
            (
                b"ok 1\nup \n",
                "line 2, column 4: expected a number as value, found the end of the line",
            ),
            (
                b"up x1\n",
                "line 1, column 4: expected a number as value, found \"x1\"",
            ),
            (
                b"up 0x1p3\n",
                "line 1, column 4: expected a number as value, found \"0x1p3\"",
            ),
            (
                b"up 1_000\n",
                "line 1, column 4: expected a number as value, found \"1_000\"",
            ),
            (
                b"up 1 1.5\n",
                "line 1, column 6: expected milliseconds as timestamp, found \"1.5\"",
            ),
            (
                b"up 1 2 3\n",
                "line 1, column 8: expected the end of the line after the timestamp, found \"3\"",
            ),
            (
                b"9up 1\n",
                "line 1, column 1: expected a metric name, found \"9up 1\"",
            ),
            (
                b"u-p 1\n",
                "line 1, column 2: expected a blank or an opening brace after the metric name, found \"-p 1\"",
            ),
            (
                b"{a=\"b\"} 1\n",
                "line 1, column 1: expected a metric name, found \"{a=\\\"b\\\"} 1\"",
            ),
            (
                b"up{\"x\"} 1\n",
                "line 1, column 7: expected an equals sign after the label name, found \"} 1\"",
            ),
            (
                b"{\"a\",\"b\"} 1\n",
                "line 1, column 9: expected an equals sign after the label name, found \"} 1\"",
            ),
            (
                b"up{a} 1\n",
                "line 1, column 5: expected an equals sign after the label name, found \"} 1\"",
            ),
            (
                b"up{a=b} 1\n",
                "line 1, column 6: expected a text in double quotes, found \"b} 1\"",
            ),
            (
                b"up{a=\"b} 1\n",
                "line 1, column 6: expected a closing double quote, found \"\\\"b} 1\"",
            ),
            (
                b"up{a=\"b\\",
                "line 1, column 6: expected a closing double quote, found \"\\\"b\\\\\"",
            ),
            (
                b"up{a=\"b\"\n\"} 1\n",
                "line 1, column 9: expected a comma or a closing brace, found the end of the line",
            ),
            (
                b"up{a=\"b\" c=\"d\"} 1\n",
                "line 1, column 10: expected a comma or a closing brace, found \"c=\\\"d\\\"} 1\"",
            ),
            (
                b"up{,} 1\n",
                "line 1, column 4: expected a label name or a closing brace, found \",} 1\"",
            ),
            (
                b"up{a:b=\"c\"} 1\n",
                "line 1, column 5: expected an equals sign after the label name, found \":b=\\\"c\\\"} 1\"",
            ),
            (
                b"up 1 # {a=\"b\"} 1\n",
                "line 1, column 6: expected milliseconds as timestamp, found \"# {a=\\\"b\\\"} 1\"",
            ),
            (
                b"# TYPE a nonsense\n",
                "line 1, column 10: expected a metric type, found \"nonsense\"",
            ),
            (
                b"# TYPE a\n",
                "line 1, column 9: expected a metric type, found the end of the line",
            ),
            (
                b"# TYPE a gauge b\n",
                "line 1, column 16: expected the end of the line after the metric type, found \"b\"",
            ),
            (
                b"# TYPE 9 gauge\n",
                "line 1, column 8: expected a metric name, found \"9 gauge\"",
            ),
            (
                b"up 1\nup{a=\"\xff\"} 1\n",
                "line 2, column 7: expected UTF-8, found other bytes",
            ),
            (
                b"<html>\n",
                "line 1, column 1: expected a metric name, found \"<html>\"",
            ),
        ],
    );
}

#[test]
fn long_text_is_shortened() {
    let (_, error) = events(TEXT, format!("up {}", "ü".repeat(500)).as_bytes());
    assert_eq!(
        error.expect("no number").found,
        format!("\"{}\"...", "ü".repeat(40))
    );
}

#[test]
fn only_escapes_are_copied() {
    let mut parser = ExpositionParser::new(TEXT, b"up{a=\"b\",c=\"\\n\"} 1\n").expect("supported");
    let Some(Ok(Event::Sample(sample))) = parser.next_event() else {
        panic!("no sample");
    };
    let owned: Vec<_> = sample
        .labels
        .iter()
        .map(|(_, value)| matches!(value, Cow::Owned(_)))
        .collect();
    assert_eq!(
        (owned, sample.series),
        (vec![false, true], "up{a=\"b\",c=\"\\n\"}")
    );
}
